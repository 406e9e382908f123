"""`exec` among other processes: signals at odd moments, to the group, as PID 1, and what is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import PATIENCE_SECONDS, ROOT, Pod, eventually
from tests.processes import catches

SHELLS = [("dash",), ("busybox", "sh")]
LIMIT_SECONDS = 1.0

COUNT = """
import signal, sys, time
got = []
signal.signal(signal.{name}, lambda number, frame: got.append(number))
print("ready", flush=True)
end = time.monotonic() + 30
while not got and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.5)  # a second one, wrongly handed on, would come within it
print(len(got))
"""


class Execs:
    """Starts `exec` beside a sign-in that is there; each a session of its own, gone at the end."""

    def __init__(self, pod: Pod, folder: Path) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.given = {"PATH": path, "HOME": str(folder), **pod.settings}
        self.errors = folder / "errors"
        self.started: list[subprocess.Popen[str]] = []
        self.marks: list[str] = []

    def start(
        self,
        *command: str,
        shell: tuple[str, ...] = ("sh",),
        prefix: tuple[str, ...] = (),
        descriptors: tuple[int, ...] = (),
        environment: Mapping[str, str] | None = None,
        stdin: bool = False,
    ) -> subprocess.Popen[str]:
        """Start it with `given` and `environment` alone; a variable marks all that comes of it."""
        mark = f"exec-{os.getpid()}-{time.monotonic_ns()}"
        self.marks.append(mark)
        with self.errors.open("w") as errors:
            process = subprocess.Popen(
                [*prefix, *shell, str(ROOT / "entrypoint.sh"), "exec", "--", *command],
                env={**self.given, "MARK": mark, **(environment or {})},
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=descriptors,
                start_new_session=True,
                text=True,
            )
        self.started.append(process)
        return process

    def processes(self, *words: str) -> list[int]:
        """What lives of the last one started and has all `words` among its arguments."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"MARK={self.marks[-1]}".encode() in (folder / "environ").read_bytes().split(b"\0")
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if ours and all(word.encode() in arguments for word in words):
                found.append(int(folder.name))
        return found

    def loops(self) -> list[int]:
        """The loop of `refresh`: a shell."""
        return self.processes("/bin/sh", "refresh")

    def close(self) -> None:
        """Nothing of it lives on."""
        for mark in self.marks:
            self.marks = [mark]
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
        for process in self.started:
            process.communicate()


@pytest.fixture
def execs(signed_in: Pod, tmp_path: Path) -> Iterator[Execs]:
    """See `Execs`."""
    made = Execs(signed_in, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_to_the_whole_group_reaches_the_command_once(
    execs: Execs, name: str, shell: tuple[str, ...]
) -> None:
    """As a CI runner's shell or `timeout` sends it: the second INT of many programs is "at once"."""
    process = execs.start(sys.executable, "-c", COUNT.format(name=name), shell=shell)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, getattr(signal, name))
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, "1\n")


def test_every_signal_to_the_shell_is_handed_on(execs: Execs) -> None:
    """A second TERM is the command's affair as well; nothing ends it before it wants to."""
    twice = (
        'trap "echo one" TERM; echo ready; n=0; while [ $n -lt 2 ]; do sleep 5 & wait $!; n=$((n + 1)); done'
    )
    process = execs.start("sh", "-c", f"{twice}; kill $(jobs -p); exit 4")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "one\n"
    assert process.wait(PATIENCE_SECONDS) == 4


@pytest.mark.serial
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_term_at_any_moment_of_the_start_ends_it_as_pid_1(execs: Execs, shell: tuple[str, ...]) -> None:
    """A container that is stopped as soon as it was started is not waited for: nothing is lost while
    Python starts, where PID 1 has no default action to fall back on.
    """
    unshare = ("unshare", "--pid", "--fork", "--kill-child")
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no permission for a PID namespace")
    for number in range(25):
        delay = random.Random(number).uniform(0, 0.4)
        process = execs.start("sleep", "30", shell=shell, prefix=unshare)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        inner = int(eventually(lambda: children.read_text().strip(), "the namespace's PID 1"))  # noqa: B023
        eventually(lambda: catches(inner, signal.SIGTERM), "the shell's traps")  # noqa: B023
        time.sleep(delay)
        began = time.monotonic()
        os.kill(inner, signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 143
        assert time.monotonic() - began < LIMIT_SECONDS, f"TERM {delay * 1000:.0f} ms after the traps"


def test_the_environment_is_the_callers_to_the_letter(execs: Execs) -> None:
    """Also names that are the shell's own variables, and a PYTHONPATH."""
    odd = {"token": "t", "state": "s", "role": "r", "nap": "1", "code": "c", "EMPTY": "", "LINES": "a\nb=c"}
    show = "import os, sys; sys.stdout.write(repr(dict(os.environ)))"
    for path in ({}, {"PYTHONPATH": "/x:/y"}):
        process = execs.start(sys.executable, "-c", show, environment={**odd, **path})
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        got = {name: value for name, value in eval(out).items() if name != "LC_CTYPE"}  # Python's own
        assert got == {**execs.given, "MARK": execs.marks[-1], **odd, **path}


def test_descriptors_of_the_caller_stay_with_the_caller(execs: Execs) -> None:
    """What a runner left open is none of the command's business."""
    with Path(os.devnull).open() as left_open:
        process = execs.start("sh", "-c", "ls /proc/$$/fd", descriptors=(left_open.fileno(),))
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert out.split() == ["0", "1", "2"]


def test_a_killed_loop_is_started_again(execs: Execs) -> None:
    """The memory killer takes what it likes; the command still needs tokens after an hour."""
    process = execs.start("sleep", "60")
    first = eventually(execs.loops, "the loop")
    os.kill(first[0], signal.SIGKILL)
    second = eventually(lambda: [pid for pid in execs.loops() if pid not in first], "another loop")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 143
    # Between fork and exec the loop's own child looks like a loop.
    eventually(lambda: not Path(f"/proc/{second[0]}").exists(), "the loop has ended")


def test_nothing_renews_on_after_kill(execs: Execs) -> None:
    """KILL can be told to nobody; a loop without its command would use the sign-in for ever."""
    execs.start("sleep", "60")
    eventually(execs.loops, "the loop")
    for pid in execs.processes("-m", "sidecar", "exec"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not execs.loops(), "the end of the loop")


def test_a_loop_that_may_not_ask_is_told_and_the_command_goes_on(
    pod: Pod, entra: Emulator, tmp_path: Path
) -> None:
    """77 is for good: it is said on standard error, and the command's token lives until it expires."""
    entra.policy.token_life, entra.policy.approve_after = 12, 0
    assert pod.run("signin")[0] == 0
    entra.revoke()
    execs = Execs(pod, tmp_path)
    process = execs.start(
        "sh", "-c", "read line; exit 3", environment={"SIDECAR_ON_SIGNIN_REQUIRED": "exit"}, stdin=True
    )
    try:
        eventually(lambda: '"refresh.ended"' in execs.errors.read_text(), "the end of the loop is told")
        assert process.poll() is None
        line = next(line for line in execs.errors.read_text().splitlines() if '"refresh.ended"' in line)
        told = json.loads(line)
        assert (told["exit_code"], told.get("again_in_seconds")) == (77, None)
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.wait(PATIENCE_SECONDS) == 3
    finally:
        execs.close()
