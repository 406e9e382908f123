"""Telling others, as processes: webhook and command for prompts, command and signal for new tokens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.adapters.receiver import Receiver, hanging, status
from tests.emulator import Emulator
from tests.end_to_end.pod import PATIENCE_SECONDS, Pod, eventually
from tests.leaks import Leaks


def test_prompt_reaches_the_webhook(pod: Pod, entra: Emulator, leaks: Leaks) -> None:
    """The record that is in the log; the URL's path and query are in no output."""
    with Receiver() as receiver:
        leaks.issued({"T0SECRET", "B0SECRET"})
        role = pod.start("signin", SIDECAR_PROMPT_WEBHOOK_URL=receiver.url)
        prompt = role.wait_for("signin.code_issued")
        eventually(lambda: receiver.posts, "a POST")
        assert receiver.posts[0].body == prompt
        entra.approve(prompt["user_code"])
        assert role.end() == 0
    assert role.records("prompt.undelivered") == []


def test_failure_is_told_with_the_host_alone(pod: Pod, entra: Emulator) -> None:
    """While the prompt is open, so that whoever waits for the message learns of it."""
    with Receiver(status(404)) as receiver:
        role = pod.start("signin", SIDECAR_PROMPT_WEBHOOK_URL=receiver.url)
        trouble = role.wait_for("prompt.undelivered")
        assert (trouble["to"], trouble["host"], trouble["cause"]) == ("webhook", receiver.host, "http 404")
        assert trouble["told"] == "signin.code_issued"
        entra.approve()
        assert role.end() == 0
    assert "SECRET" not in role.output


@pytest.mark.serial
def test_receiver_that_hangs_costs_the_sign_in_no_time(pod: Pod, entra: Emulator) -> None:
    """The same sign-in beside it, to the second."""
    entra.policy.approve_after = 4

    def seconds(**settings: str) -> float:
        for path in [*pod.tokens.iterdir(), pod.private / "cache"]:
            path.unlink() if path.is_symlink() or path.is_file() else None
        started = time.monotonic()
        role = pod.start("signin", **settings)
        assert role.end() == 0, role.output
        return time.monotonic() - started

    without = seconds()
    with Receiver(hanging) as receiver:
        with_it = seconds(SIDECAR_PROMPT_WEBHOOK_URL=receiver.url)
        assert receiver.posts
    assert with_it < without + 1.5


@pytest.mark.parametrize("role_name", ["signin", "refresh"])
def test_term_ends_it_within_a_second_beside_a_hanging_receiver_and_command(
    pod: Pod, tmp_path: Path, role_name: str
) -> None:
    """What is under way is given up; the command is ended with what it has started."""
    mark = tmp_path / "running"
    with Receiver(hanging) as receiver:
        role = pod.start(
            role_name,
            SIDECAR_PROMPT_WEBHOOK_URL=receiver.url,
            SIDECAR_PROMPT_COMMAND=f"trap '' TERM; touch {mark}; sleep 61.5; sleep 61.5",
        )
        eventually(lambda: receiver.posts and mark.exists(), "both under way")
        code, seconds = role.stop(signal.SIGTERM)
    assert code == (143 if role_name == "signin" else 0)
    assert seconds < 4
    assert "61.5" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_prompt_command_sees_the_prompt_and_no_secret(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """The record on its standard input, the webhook's URL nowhere."""
    out = tmp_path / "out"
    with Receiver() as receiver:
        role = pod.start(
            "signin",
            SIDECAR_PROMPT_COMMAND=f"env > {out}.env; cat > {out}.part; mv {out}.part {out}",
            SIDECAR_PROMPT_WEBHOOK_URL=receiver.url,
        )
        prompt = role.wait_for("signin.code_issued")
        eventually(out.exists, "the command's file")
        assert json.loads(out.read_text()) == prompt
        environment = Path(f"{out}.env").read_text()
        assert f"PROMPT_CODE={prompt['user_code']}\n" in environment
        assert f"SIDECAR_TOKEN_DIR={pod.tokens}\n" in environment
        assert "SECRET" not in environment
        entra.approve()
        assert role.end() == 0


def test_publish_command_runs_after_every_publication(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """`signin`, each renewal, and a token directory filled anew from the cache; it finds the new token."""
    out = tmp_path / "out"
    pod.settings["SIDECAR_ON_PUBLISH_COMMAND"] = f'cat "$SIDECAR_TOKEN_DIR/token" >> {out}; echo >> {out}'
    entra.policy.approve_after, entra.policy.token_life = 0, 12
    code, output = pod.run("signin")
    assert code == 0, output
    assert out.read_text() == pod.token() + "\n"
    role = pod.start("refresh")
    eventually(lambda: len(out.read_text().split()) >= 2, "one for a renewal")
    told = role.wait_for("publish.told")
    assert told["by"] == "command"
    assert role.stop()[0] == 0
    before = len(out.read_text().split())
    for path in pod.tokens.iterdir():
        if path.is_symlink():
            path.unlink()
    role = pod.start("refresh")
    eventually(lambda: len(out.read_text().split()) > before, "one for the filled directory")
    role.stop()


def test_renewal_does_not_wait_for_the_publish_command(signed_in: Pod, tmp_path: Path) -> None:
    """The turn is over while the command still runs, and the command holds no lock of it."""
    mark = tmp_path / "running"
    command = f"touch {mark}; sleep 8"
    role = signed_in.start("refresh", SIDECAR_ON_PUBLISH_COMMAND=command)
    role.wait_for("refresh.scheduled")
    role.process.send_signal(signal.SIGHUP)
    role.wait_for("token.published")
    role.wait_for("refresh.scheduled", 2)
    eventually(mark.exists, "the command")
    assert role.records("publish.told") == []
    code, _ = signed_in.run("signin")
    assert code == 0
    assert role.stop()[1] < 4


def test_signin_gives_the_publish_command_a_bounded_chance(pod: Pod, entra: Emulator) -> None:
    """Its own end is that of an init container; a command that hangs holds it up for 5 s at most."""
    entra.policy.approve_after = 0
    started = time.monotonic()
    code, output = pod.run("signin", SIDECAR_ON_PUBLISH_COMMAND="sleep 20")
    assert code == 0, output
    assert time.monotonic() - started < 5 + 10


def test_app_is_signalled_by_pid_file(signed_in: Pod, tmp_path: Path) -> None:
    """After each renewal, and by the loop itself: no process is left behind."""
    pid_file, got = tmp_path / "app.pid", tmp_path / "got"
    program = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGHUP, lambda *_: pathlib.Path({str(got)!r}).touch())
pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
time.sleep({PATIENCE_SECONDS})
"""
    with subprocess.Popen([sys.executable, "-c", program]) as app:
        eventually(pid_file.exists, "the pid file")
        role = signed_in.start("refresh", SIDECAR_ON_PUBLISH_SIGNAL=f"HUP:{pid_file}")
        role.wait_for("refresh.scheduled")
        role.process.send_signal(signal.SIGHUP)
        told = role.wait_for("publish.told")
        assert (told["by"], told["signal"], told["pids"]) == ("signal", "HUP", [app.pid])
        eventually(got.exists, "the signal")
        role.stop()
        app.kill()


@pytest.mark.parametrize("role", ["signin", "refresh"])
def test_signal_for_nobody_is_a_mistake_of_the_settings(pod: Pod, role: str) -> None:
    """78, with whom it could be for."""
    code, output = pod.run(role, SIDECAR_ON_PUBLISH_SIGNAL="HUP")
    assert code == 78
    assert "such as HUP:nginx" in output


@pytest.mark.parametrize("as_flag", [True, False])
def test_command_of_exec_is_signalled_at_each_renewal(pod: Pod, entra: Emulator, as_flag: bool) -> None:
    """`HUP` alone is for the command, whose process id nobody has to know."""
    entra.policy.token_life, entra.policy.approve_after = 8, 0
    program = """
import signal, sys
signal.signal(signal.SIGUSR2, lambda *_: sys.exit(42))
while True:
    signal.pause()
"""
    flags = ["--on-publish-signal", "USR2"] if as_flag else []
    if not as_flag:
        pod.settings["SIDECAR_ON_PUBLISH_SIGNAL"] = "USR2"
    code, output = pod.run("exec", *flags, "--", sys.executable, "-c", program)
    assert code == 42, output


def test_end_of_the_prompt_reaches_the_webhook(pod: Pod, entra: Emulator) -> None:
    """After the prompt, before the role is gone."""
    with Receiver() as receiver:
        role = pod.start("signin", SIDECAR_PROMPT_WEBHOOK_URL=receiver.url)
        role.wait_for("signin.code_issued")
        entra.approve()
        assert role.end() == 0
        assert receiver.events == ["signin.code_issued", "signin.withdrawn"]
        assert receiver.posts[1].body["outcome"] == "completed"
    assert role.records("prompt.undelivered") == []


def test_webhook_learns_that_the_role_was_stopped(pod: Pod) -> None:
    """TERM leaves time for that, within its second."""
    with Receiver() as receiver:
        role = pod.start("signin", SIDECAR_PROMPT_WEBHOOK_URL=receiver.url)
        eventually(lambda: receiver.posts, "the prompt")
        _, seconds = role.stop()
        assert receiver.events == ["signin.code_issued", "signin.withdrawn"]
        assert receiver.posts[1].body["outcome"] == "cancelled"
    assert seconds < 4
