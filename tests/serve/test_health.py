"""Health over HTTP and the shell's probes: one truth."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.web import Request
from sidecar.serve import health
from sidecar.serve.health import Signs
from tests.entrypoint.box import Box, boot_second
from tests.serve.asking import ask
from tests.serve.conftest import Served

NOW = 1_800_000_000
DOORS = {"startup": health.startup, "readiness": health.readiness, "liveness": health.liveness}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Directories for both; `date` says that it is NOW."""
    made = Box(tmp_path, ("sh",))
    date = made.bin / "date"
    date.write_text(f"#!/bin/sh\necho {NOW}\n")
    date.chmod(0o755)
    return made


INSTANTS = st.one_of(
    st.none(),
    st.integers(NOW - 70, NOW + 70).map(str),
    st.sampled_from(["0", "", "007", "9999999999", "99999999999", "-5", "abc", "1 2", " 1900000000 ", "\t1"]),
    st.sampled_from(["1900000000\n1", "19\x0000000000", "1900000000\r", "1e9", "0x10", "+1", "１２"]),
)
BEATS = st.one_of(
    st.none(),
    st.integers(-300, 300).map(lambda age: str(max(boot_second() - age, 0))),
    st.sampled_from([0, 180, 181]).map(lambda age: str(boot_second() - age)),
    st.sampled_from(["0", "", "junk", "9999999999"]),
)
PROMPTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "\n", "open https://x.example and enter ABC", "  blanks  ", "a\\nb", "a\tb", "\x1b[2J"]
    ),
    st.sampled_from(["zwei\nZeilen", "Köln öffnet", "a\x7fb", "a\x00b", "$(id) `id` %s"]),
)
PLACES = st.sampled_from(["there", "there", "there", "missing", "file", "dangling"])
SHAPES = st.sampled_from(["plain", "plain", "plain", "no newline", "link", "directory"])


def put(path: Path, content: str | None, shape: str) -> None:
    """A file of the state, or what somebody else put there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if content is None:
        return
    if shape == "directory":
        path.mkdir()
    elif shape == "link":
        path.with_name(f"{path.name}.aim").write_text(f"{content}\n")
        path.symlink_to(f"{path.name}.aim")
    else:
        path.write_text(content if shape == "no newline" else f"{content}\n")


def arrange(place: Path, what: str) -> None:
    """Whether a generation is there."""
    place.unlink(missing_ok=True)
    if what == "file":
        place.write_text("")
    elif what != "missing":
        target = place.parent / "..1"
        target.mkdir(exist_ok=True)
        place.symlink_to("..1" if what == "there" else "..2")


def answers(box: Box, probe: str) -> tuple[int, str]:
    """Of the door, over the same directories."""
    state, tokens = StateDirectory(box.private), TokenDirectory(box.token, Access())
    door = DOORS[probe](lambda: Signs(state.vitals(), tokens.filled, now=NOW + 0.9, boot=boot_second() + 0.9))
    reply = door(Request("GET", f"/{probe}"))
    return reply.status, reply.body.decode()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(live="9999999999", ready="9999999999", beat=None, prompt=None, place="there", shape="plain")
@example(live="99999999999", ready=None, beat=None, prompt=None, place="there", shape="plain")
@example(live=str(NOW), ready=str(NOW), beat=None, prompt=None, place="there", shape="plain")
@given(live=INSTANTS, ready=INSTANTS, beat=BEATS, prompt=PROMPTS, place=PLACES, shape=SHAPES)
def test_doors_say_what_the_probes_say(
    box: Box,
    live: str | None,
    ready: str | None,
    beat: str | None,
    prompt: str | None,
    place: str,
    shape: str,
) -> None:
    """Verdict and line, whatever the two directories hold."""
    for name, content in (
        ("live_until", live),
        ("ready_until", ready),
        ("heartbeat", beat),
        ("prompt", prompt),
    ):
        put(box.private / name, content, shape)
    arrange(box.token / "..data", place)
    for probe in DOORS:
        before = answers(box, probe)
        done = box.run("probe", probe)
        after = answers(box, probe)  # the boot clock may have gone on between
        assert done.stderr == ""
        assert (200 if done.returncode == 0 else 503, done.stdout) in (before, after)


def test_it_is_asked_over_http(served: Served) -> None:
    """200 while the token lives, 503 and why when it does not, from one file to the next."""
    running, address = served.serve()
    for path in ("/startup", "/readiness"):
        found = ask(address, path)
        assert found.status == 200
        assert found.body.startswith("ok: token live for 3")
    assert ask(address, "/liveness").status == 503
    (served.private / "heartbeat").write_text(f"{boot_second()}\n")
    assert ask(address, "/liveness").body.startswith("ok: heartbeat ")
    served.publish(seconds=-5)
    found = ask(address, "/readiness")
    assert (found.status, found.body[:24]) == (503, "not ready: token expired")
    (served.private / "prompt").write_text("open https://x.example and enter ABCD\n")
    assert ask(address, "/startup").body == "not ready: open https://x.example and enter ABCD\n"
    assert running.process.poll() is None


def test_curl_is_enough_for_a_container_that_has_no_shell(served: Served) -> None:
    """`curl --fail` ends as the probe does."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl here")
    _, (host, port) = served.serve()
    command = [curl, "--fail", "--silent", f"http://{host}:{port}/readiness"]
    assert subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 0
    served.publish(seconds=-5)
    assert subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 22
