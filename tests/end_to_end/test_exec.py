"""`exec -- CMD` as real processes: streams, signals, exit codes, renewals, a terminal."""

from __future__ import annotations

import ast
import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator, faults
from tests.end_to_end.pod import PATIENCE_SECONDS, ROOT, Pod, eventually

SHELLS = ["dash", "busybox sh"]


class Exec:
    """One `exec`, its streams apart."""

    def __init__(self, pod: Pod, shell: str = "sh", **settings: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, **pod.settings, **settings}
        self.shell = shell.split()
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, stdin: int = subprocess.PIPE, **options: int) -> subprocess.Popen[str]:
        """Start it; each stream is a pipe unless said otherwise."""
        process = subprocess.Popen(
            [*self.shell, str(ROOT / "entrypoint.sh"), "exec", *arguments],
            env=self.environment,
            stdin=stdin,
            stdout=options.get("stdout", subprocess.PIPE),
            stderr=options.get("stderr", subprocess.PIPE),
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Run it to its end: exit code, standard output, standard error."""
        process = self.start(*arguments)
        out, err = process.communicate(given, timeout=PATIENCE_SECONDS)
        return process.returncode, out, err


@pytest.fixture
def exec_(signed_in: Pod) -> Iterator[Exec]:
    """`exec` beside a sign-in that is there already."""
    made = Exec(signed_in)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def python(program: str) -> tuple[str, ...]:
    """A command that runs a Python program."""
    return ("--", sys.executable, "-c", textwrap.dedent(program))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_streams_are_the_commands_own(signed_in: Pod, shell: str) -> None:
    """It can stand in a pipeline: nothing of ours is on standard output."""
    code, out, err = Exec(signed_in, shell).run("--", "cat", given="what came in\n")
    assert (code, out) == (0, "what came in\n")
    assert "refresh.scheduled" in err


@pytest.mark.parametrize(("program", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_commands_own(exec_: Exec, program: str, code: int) -> None:
    """Also as the shell counts signals."""
    assert exec_.run("--", "sh", "-c", program)[0] == code


def test_the_command_finds_a_live_token(exec_: Exec, signed_in: Pod) -> None:
    """It is told where, whatever the default was."""
    code, out, _ = exec_.run("--", "sh", "-c", 'cat "$SIDECAR_TOKEN_DIR/token"')
    assert code == 0
    assert out == signed_in.token() != ""


def test_somebody_is_asked_first_and_the_command_waits(pod: Pod, entra: Emulator) -> None:
    """The prompt is on standard error, the machine-readable line among it."""
    process = Exec(pod).start("--", "sh", "-c", "cat $SIDECAR_TOKEN_DIR/expires_on")
    entra.wait_for("devicecode")
    assert process.poll() is None
    entra.approve()
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert int(out) > time.time()
    events = [json.loads(line)["event"] for line in err.splitlines() if line.startswith("{")]
    assert events.count("signin.code_issued") == 1


def test_without_a_sign_in_the_command_never_starts(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """A declined prompt is the end, with the code that `signin` has for it."""
    process = Exec(pod).start("--", "touch", str(tmp_path / "ran"))
    entra.wait_for("devicecode")
    entra.decline()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 77
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("name", "code"), [("nothing-of-that-name", 127), ("not-executable", 126)])
def test_nobody_is_asked_for_a_command_that_cannot_run(
    pod: Pod, entra: Emulator, tmp_path: Path, name: str, code: int
) -> None:
    """127 and 126, as a shell has it, and before anything else."""
    (tmp_path / "not-executable").write_text("#!/bin/sh\n")
    left, out, err = Exec(pod).run("--", str(tmp_path / name))
    assert (left, out) == (code, "")
    assert name in err
    assert entra.count("devicecode") == 0


@pytest.mark.parametrize("arguments", [(), ("--",), ("sh", "-c", "true")])
def test_a_command_stands_behind_two_dashes(pod: Pod, arguments: tuple[str, ...]) -> None:
    """Otherwise a flag of the command could be taken for ours."""
    code, out, err = Exec(pod).run(*arguments)
    assert (code, out) == (64, "")
    assert "--help" in err


def test_flags_before_the_dashes_are_settings(signed_in: Pod, entra: Emulator) -> None:
    """And those behind them are the command's, whatever they look like."""
    signed_in.settings["AZURE_CLIENT_ID"] = "wrong"
    code, out, err = Exec(signed_in).run(
        "--client-id", entra.client_id, "--", "echo", "--client-id", "--wipe"
    )
    assert (code, out) == (0, "--client-id --wipe\n"), err


def test_the_token_is_renewed_while_the_command_runs(pod: Pod, entra: Emulator) -> None:
    """A job may take longer than a token lives."""
    entra.policy.token_life, entra.policy.approve_after = 15, 0
    watch = """
        import os, pathlib, time
        folder, seen = pathlib.Path(os.environ["SIDECAR_TOKEN_DIR"]), set()
        end = time.monotonic() + 50
        while len(seen) < 3 and time.monotonic() < end:
            assert int((folder / "expires_on").read_text()) > time.time()
            seen.add((folder / "token").read_text())
            time.sleep(0.1)
        print(len(seen))
    """
    code, out, err = Exec(pod).run(*python(watch))
    assert (code, out) == (0, "3\n"), err


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_a_signal_is_the_commands_affair(signed_in: Pod, name: str, shell: str) -> None:
    """Each arrives once; the command decides what comes of it."""
    count = f"""
        import signal, sys, time
        got = []
        signal.signal(signal.SIG{name}, lambda number, frame: got.append(number))
        print("ready", flush=True)
        end = time.monotonic() + 30
        while not got and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)
        print(len(got))
        sys.exit(7)
    """
    process = Exec(signed_in, shell).start(*python(count))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, f"SIG{name}"))
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (7, "1\n"), err


def test_the_command_has_default_signals_and_no_strange_descriptor(exec_: Exec) -> None:
    """As from a shell: nothing ignored, nothing blocked, three descriptors."""
    look = """
        import os
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        bits = [int(status[name], 16) for name in ("SigBlk", "SigIgn")]
        python_itself = 1 << 12 | 1 << 24  # PIPE and XFSZ
        print(bits[0], bits[1] & 0x7FFFFFFF & ~python_itself, sorted(os.listdir("/proc/self/fd"))[:4])
        print(os.environ.get("PYTHONPATH"))
    """
    code, out, _ = exec_.run(*python(look))
    assert code == 0
    # The fourth is the listing itself.
    assert out.splitlines() == ["0 0 ['0', '1', '2', '3']", "None"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_commands_environment_is_as_it_was(signed_in: Pod, shell: str) -> None:
    """Also where it uses names that a shell script might use for itself."""
    given = {"token": "theirs", "state": "theirs", "role": "theirs", "code": "theirs", "line": "theirs"}
    code, out, _ = Exec(signed_in, shell, **given).run(*python("import os; print(dict(os.environ))"))
    assert code == 0
    assert {name: value for name, value in ast.literal_eval(out).items() if name in given} == given


def test_told_to_end_during_the_sign_in_no_command_starts(pod: Pod, entra: Emulator, tmp_path: Path) -> None:
    """A TERM that comes while the sign-in is being saved: it is finished, and then it is over."""
    entra.policy.approve_after = 0
    entra.faults.next("token:device_code", faults.Hang(1.5))
    process = Exec(pod).start("--", "touch", str(tmp_path / "ran"))
    entra.wait_for("token:device_code")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 143
    assert not (tmp_path / "ran").exists()


def test_nothing_runs_on_after_the_command(exec_: Exec) -> None:
    """The loop beside it ends with it, at once."""
    marker = f"marker-{os.getpid()}-{time.monotonic_ns()}"
    exec_.environment["EXEC_TEST_MARKER"] = marker
    started = time.monotonic()
    assert exec_.run("--", "true")[0] == 0
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert processes_with(marker) == []


def processes_with(marker: str) -> list[str]:
    """Process ids whose environment holds `marker`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_wipe_leaves_neither_token_nor_sign_in(exec_: Exec, signed_in: Pod) -> None:
    """For a machine that somebody else uses next."""
    assert signed_in.private.exists()
    code, out, err = exec_.run("--wipe", "--", "sh", "-c", 'cat "$SIDECAR_TOKEN_DIR/token"; exit 4')
    assert code == 4, err
    assert out != ""
    assert list(signed_in.tokens.iterdir()) == []
    assert not signed_in.private.exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_control_c_on_a_terminal_reaches_the_command_once(signed_in: Pod, shell: str) -> None:
    """The terminal tells the whole group; the loop beside it is out of reach and renews on."""
    count = """
        import signal, sys, time
        got = []
        signal.signal(signal.SIGINT, lambda number, frame: got.append(number))
        print("ready", sys.stdin.isatty(), flush=True)
        line = ""
        while not line.endswith("end\\n"):
            line = sys.stdin.readline()
        print("counted", len(got), flush=True)
        sys.exit(9)
    """
    made = Exec(signed_in, shell)
    pid, terminal = pty.fork()
    if pid == 0:
        command = [*made.shell, str(ROOT / "entrypoint.sh"), "exec", *python(count)]
        os.execvpe(command[0], command, made.environment)
    screen: list[str] = []

    def shows(text: str) -> Callable[[], bool]:
        def look() -> bool:
            try:
                screen.append(os.read(terminal, 4096).decode(errors="replace"))
            except OSError:
                return text in "".join(screen)
            return text in "".join(screen)

        return look

    eventually(shows("ready True"), "the command at the terminal")
    os.write(terminal, b"\x03")
    time.sleep(0.5)  # a second INT, wrongly forwarded, would come within it
    os.write(terminal, b"end\n")
    eventually(shows("counted 1"), f"one INT; the screen: {''.join(screen)}")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 9
