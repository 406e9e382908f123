"""Probes and `wait`: sh over a few files, without Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.entrypoint.box import Box, boot_second

NONSENSE = ["0099", "12345678901234567890", "abc", "", "-1", "1e9", "1 2", "0x10", "$(id)"]


def seconds_in(line: str) -> int:
    """The number that the line tells people."""
    found = re.search(r"(-?\d+) s", line)
    assert found
    return int(found[1])


@pytest.mark.parametrize("probe", ["startup", "readiness"])
def test_live_token_is_green_and_says_for_how_long(box: Box, probe: str) -> None:
    """Exit 0 and one line, which names the token's life and not the limit."""
    now = int(time.time())
    box.publish(live_until=now + 3500, ready_until=now + 3440)
    result = box.run("probe", probe)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"ok: token live for \d+ s\n", result.stdout)
    assert 3495 <= seconds_in(result.stdout) <= 3500


def test_token_about_to_expire_is_live_but_not_ready(box: Box) -> None:
    """Startup asks for a live token, readiness for one that lives long enough."""
    now = int(time.time())
    box.publish(live_until=now + 31, ready_until=now - 29)
    assert box.run("probe", "startup").returncode == 0
    result = box.run("probe", "readiness")
    assert (result.returncode, result.stderr) == (1, "")
    assert re.fullmatch(r"not ready: token expires in \d+ s\n", result.stdout)
    assert 26 <= seconds_in(result.stdout) <= 31


@pytest.mark.parametrize("probe", ["startup", "readiness"])
def test_expired_token_is_red_and_says_since_when(box: Box, probe: str) -> None:
    """A leftover of an earlier container does not start the application."""
    now = int(time.time())
    box.publish(live_until=now - 12, ready_until=now - 72)
    result = box.run("probe", probe)
    assert (result.returncode, result.stderr) == (1, "")
    assert re.fullmatch(r"not ready: token expired \d+ s ago\n", result.stdout)
    assert 12 <= seconds_in(result.stdout) <= 17


@pytest.mark.parametrize("probe", ["startup", "readiness"])
@pytest.mark.parametrize("value", NONSENSE)
def test_damaged_limits_are_red_without_noise(box: Box, probe: str, value: str) -> None:
    """Numbers are checked before the shell calculates with them."""
    box.publish(live_until=value, ready_until=value)
    result = box.run("probe", probe)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == "not ready: no token published yet\n"


@pytest.mark.parametrize("probe", ["startup", "readiness"])
@pytest.mark.parametrize("missing", ["limits", "generation", "state", "token"])
def test_anything_missing_is_red_without_noise(box: Box, probe: str, missing: str) -> None:
    """Before the first publication, or on an empty volume beside a kept one."""
    later = int(time.time()) + 3600
    box.publish(live_until=later, ready_until=later)
    if missing == "limits":
        (box.private / "live_until").unlink()
        (box.private / "ready_until").unlink()
    elif missing == "generation":
        (box.token / "..data").unlink()
    else:
        shutil.rmtree(box.state if missing == "state" else box.token)
    result = box.run("probe", probe)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == "not ready: no token published yet\n"


def test_dangling_generation_is_red(box: Box) -> None:
    """`..data` that points nowhere is not a published token."""
    later = int(time.time()) + 3600
    box.publish(live_until=later, ready_until=later)
    (box.token / "..1").rmdir()
    assert box.run("probe", "startup").returncode == 1


def test_open_prompt_is_what_the_probe_says(box: Box) -> None:
    """The kubelet makes an Event of it; the verdict is still the token's."""
    prompt = "sign-in needed: open https://a.example/devicelogin and enter ABCD2345E before 14:05 UTC"
    (box.private / "prompt").write_text(f"{prompt}\n")
    result = box.run("probe", "readiness")
    assert (result.returncode, result.stdout) == (1, f"not ready: {prompt}\n")
    later = int(time.time()) + 3600
    box.publish(live_until=later, ready_until=later)
    result = box.run("probe", "startup")
    assert (result.returncode, result.stdout) == (0, f"ok: {prompt}\n")
    (box.private / "prompt").write_text("")
    assert "token live" in box.run("probe", "startup").stdout


@pytest.mark.parametrize("prompt", ["\x1b[2J", "a\rok: b", "a\x7fb", "a\tb"])
def test_damaged_prompt_is_not_repeated(box: Box, prompt: str) -> None:
    """What clears a terminal, or begins a line of its own, is no prompt that we wrote."""
    (box.private / "prompt").write_text(f"{prompt}\n", newline="")
    assert box.run("probe", "startup").stdout == "not ready: no token published yet\n"


@pytest.mark.parametrize(("age", "code"), [(0, 0), (170, 0), (185, 1), (5000, 1), (-60, 1)])
def test_liveness_is_the_age_of_the_heartbeat(box: Box, age: int, code: int) -> None:
    """Green up to 180 s of the boot clock; one of the future is of another boot."""
    box.virtual_time()
    (box.stub / "uptime").write_text("9000.99 0\n")
    (box.private / "heartbeat").write_text(f"{9000 - age}\n")
    result = box.run("probe", "liveness")
    assert (result.returncode, result.stderr) == (code, "")
    line = f"heartbeat {age} s ago" if age >= 0 else "no heartbeat since boot"
    assert result.stdout == f"{'not alive' if code else 'ok'}: {line}\n"


@pytest.mark.parametrize(("age", "code"), [(180, 0), (181, 1)])
def test_heartbeat_is_stale_after_180_seconds(box: Box, age: int, code: int) -> None:
    """The limit itself still counts as alive."""
    box.virtual_time()
    (box.private / "heartbeat").write_text(f"{1000 - age}\n")
    assert box.run("probe", "liveness").returncode == code


def test_liveness_does_not_depend_on_the_token(box: Box) -> None:
    """An outage of the authority is no reason to restart the container."""
    (box.private / "heartbeat").write_text(f"{boot_second()}\n")
    (box.private / "prompt").write_text("sign-in needed: open it\n")
    assert box.run("probe", "liveness").returncode == 0


@pytest.mark.parametrize("value", [None, *NONSENSE])
def test_liveness_without_a_heartbeat_is_red(box: Box, value: str | None) -> None:
    """Red before a loop has run, and when the file is damaged."""
    if value is not None:
        (box.private / "heartbeat").write_text(f"{value}\n")
    result = box.run("probe", "liveness")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == "not alive: no heartbeat since boot\n"


@pytest.mark.parametrize("arguments", [["probe"], ["probe", ""], ["probe", "ready"]])
def test_unknown_probe_is_a_usage_error(box: Box, arguments: list[str]) -> None:
    """64, the three names on stderr, nothing on stdout, Python not started."""
    result = box.run(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert "probe startup|readiness|liveness" in result.stderr
    assert box.turns() == []


@pytest.mark.parametrize(("probe", "forks"), [("startup", 1), ("readiness", 1), ("liveness", 0)])
def test_probe_forks_at_most_for_the_date(box: Box, probe: str, forks: int) -> None:
    """Each fork costs a millisecond, every few seconds, in every pod."""
    trace = box.stub / "trace"
    strace = ["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-o", str(trace)]
    if not shutil.which("strace") or subprocess.run([*strace, "true"], check=False).returncode:
        pytest.skip("strace is not installed or not permitted")
    later = int(time.time()) + 3600
    box.publish(live_until=later, ready_until=later)
    (box.private / "heartbeat").write_text(f"{boot_second()}\n")
    subprocess.run(
        [*strace, *box.shell, str(box.script), "probe", probe],
        env=box.environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert len(re.findall(r"\b(?:clone3?|v?fork)\(", trace.read_text())) == forks


def test_wait_returns_at_once_when_ready(box: Box) -> None:
    """Silently: it stands before other commands."""
    later = int(time.time()) + 3600
    box.publish(live_until=later, ready_until=later)
    result = box.run("wait", "0")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_wait_returns_within_a_second_of_the_publication(box: Box) -> None:
    """It looks every second."""
    later = int(time.time()) + 3600
    with box.started("wait", "30") as process:
        publication = threading.Timer(0.5, lambda: box.publish(live_until=later, ready_until=later))
        publication.start()
        assert process.wait(5) == 0
        publication.join()


def test_wait_ends_out_of_time_with_the_reason(box: Box) -> None:
    """75 and what readiness says; the limit is counted on the boot clock, 300 s if none is given."""
    for arguments, seconds in ((("wait", "7"), 7), (("wait",), 300)):
        box.virtual_time()
        (box.stub / "log").write_text("")
        result = box.run(*arguments)
        assert (result.returncode, result.stderr) == (75, "")
        assert result.stdout == "not ready: no token published yet\n"
        assert box.sleeps() == [1] * seconds


@pytest.mark.parametrize("value", [*NONSENSE, "1.5", "10s"])
def test_wait_refuses_what_is_not_a_number_of_seconds(box: Box, value: str) -> None:
    """64 and how to say it."""
    result = box.run("wait", value)
    assert (result.returncode, result.stdout) == (64, "")
    assert "wait [seconds]" in result.stderr


@pytest.mark.parametrize("probe", ["startup", "readiness", "liveness"])
def test_cost_of_a_probe_is_reported(box: Box, probe: str) -> None:
    """Not judged, since machines differ; run with `-s` to see it."""
    began = _cpu_seconds_of_children()
    for _ in range(20):
        box.run("probe", probe)
    cost = (_cpu_seconds_of_children() - began) / 20
    print(f"{box.shell[0]} probe {probe}: {cost * 1000:.1f} ms CPU")
    assert cost > 0


def _cpu_seconds_of_children() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_defaults_are_the_paths_of_the_contract() -> None:
    """Where nothing is set, probes look where Python writes."""
    text = (Path(__file__).parents[2] / "entrypoint.sh").read_text()
    assert "${SIDECAR_TOKEN_DIR:-/var/run/secrets/entra}" in text
    assert "${SIDECAR_STATE_DIR:-/var/lib/entra-sidecar}/private" in text
