"""`exec -- CMD`: sign in, keep the token fresh beside CMD, end as CMD ends.

The sign-in and the renewing are the roles `signin` and `refresh` themselves, as children: what holds
for them holds here. This process stays, so it imports neither MSAL nor the rest of a turn. Standard
output belongs to CMD alone; the prompt and the events of both roles go to standard error.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sidecar.core.relay import Relay
from sidecar.posix.children import Children

HERE = Path(__file__).resolve().parent.parent
NOT_EXECUTABLE, NOT_FOUND = 126, 127
SHELL = "/bin/sh"
SIGNAL_FLAG = "--on-publish-signal"

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
HOLD_SECONDS = 12.0
"""A turn ends within a second of TERM, and within ten if it has to save a refresh token first."""

LOOP_END_SECONDS = 15.0
"""The loop waits for its turn, and has its own KILL for one that hangs."""

LOOP_AGAIN_SECONDS = 10.0
NEVER = math.inf
FOR_GOOD = frozenset({64, 77, 78})
"""The exit codes of the loop after which another one would end the same way."""

Report = Callable[[int, float | None], None]
"""Told that the loop has ended: its exit code, and after how many seconds it is started again."""


def run(
    command: Sequence[str],
    *,
    flags: Sequence[str],
    environ: Mapping[str, str],
    token_dir: Path,
    report: Report,
    renewal_signal: str | None = None,
) -> int:
    """Sign in, run `command`, and return its exit code: 128+N if signal N ended it.

    Before it starts: 127 and 126 as a shell's, without asking anybody to sign in for nothing; the exit
    code of `signin` if nobody signed in; 128+N if signal N came. `flags` are settings of the two roles.
    The loop sends `renewal_signal` to the command whenever it has published new tokens.
    """
    shell = shell_above(environ)
    wanted = as_given(environ, shell) | {"SIDECAR_TOKEN_DIR": str(token_dir)}
    program = shutil.which(command[0], path=wanted.get("PATH"))
    if program is None:
        found = Path(command[0]).exists() or shutil.which(command[0], os.F_OK, path=wanted.get("PATH"))
        return _refused(command[0], NOT_EXECUTABLE if found else NOT_FOUND)
    children = Children()
    if shell is not None:
        os.kill(shell, signal.SIGURG)  # it hands signals on from now, those that it has kept first
    unheard = [SIGNAL_FLAG, ""] if renewal_signal else []  # there is no command yet
    signin = [sys.executable, "-P", "-m", "sidecar", "signin", *flags, *unheard]
    code = _sign_in(children, signin, environ)
    if code:
        return code
    try:
        pid = children.start([program, *command[1:]], wanted)
    except OSError:
        return _refused(command[0], NOT_EXECUTABLE)
    heard = [SIGNAL_FLAG, f"{renewal_signal}:{pid}"] if renewal_signal else []
    loop = [SHELL, str(HERE / "entrypoint.sh"), "refresh", *flags, *heard]
    return _beside(
        children, pid, shell, start_loop=lambda: children.start_apart(loop, environ), report=report
    )


def _sign_in(children: Children, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit code of `signin`; what would end it ends us, whatever it has come to."""
    pid = children.start_apart(command, environ)
    stopped, kill_on = 0, NEVER
    while (code := children.code_of(pid)) is None:
        if time.monotonic() >= kill_on:
            kill_on = NEVER
            children.kill(pid)
        sent = children.take(kill_on - time.monotonic())
        if sent and sent.signum in STOPPING and not stopped:
            stopped, kill_on = sent.signum, time.monotonic() + HOLD_SECONDS
            children.signal(pid, signal.SIGTERM)
    while sent := children.take(0):
        if sent.signum in STOPPING:
            stopped = stopped or sent.signum
    return 128 + stopped if stopped and code in (0, 137, 143) else code


def _beside(
    children: Children, pid: int, shell: int | None, *, start_loop: Callable[[], int], report: Report
) -> int:
    """Keep the loop running and hand signals on until the command `pid` ends; its exit code."""
    relay = Relay()
    loop: int | None = start_loop()
    again_on = NEVER
    try:
        while (code := children.code_of(pid)) is None:
            now = time.monotonic()
            if loop is not None and (ended := children.code_of(loop)) is not None:
                loop, pause = None, None if ended in FOR_GOOD else LOOP_AGAIN_SECONDS
                again_on = now + pause if pause else NEVER
                report(ended, pause)
            if now >= again_on:
                loop, again_on = start_loop(), NEVER
            sent = children.take(again_on - now)
            shell = shell if shell == os.getppid() else None
            if sent and relay.came(
                sent.signum, sender=sent.sender, by_kernel=sent.by_kernel, shell=shell, now=time.monotonic()
            ):
                children.signal(pid, sent.signum)
        return code
    finally:
        if loop is not None:
            children.end(loop, seconds=LOOP_END_SECONDS)


def wipe(token_dir: Path, state_dir: Path, *, shared: Sequence[object] = ()) -> None:
    """Remove the published tokens and the sign-in with its refresh token; what fails is said. So is what is
    left: Secrets that are `shared` with others, who may be at work.
    """
    from sidecar.adapters.state_dir import PRIVATE
    from sidecar.adapters.token_dir import Access, TokenDirectory

    try:
        if token_dir.is_dir():
            TokenDirectory(token_dir, Access()).withdraw()
        if (state_dir / PRIVATE).is_dir():
            shutil.rmtree(state_dir / PRIVATE)
    except OSError as error:
        print(f"exec: not all could be wiped: {error}", file=sys.stderr)
    if shared:
        names = ", ".join(str(name) for name in shared)
        print(f"exec: others may use what is in these Secrets, which is left: {names}", file=sys.stderr)


def _refused(name: str, code: int) -> int:
    reason = "not found" if code == NOT_FOUND else "cannot be executed"
    print(f"exec: {name}: {reason}", file=sys.stderr)
    return code


def shell_above(environ: Mapping[str, str]) -> int | None:
    """The process id of entrypoint.sh if that is our parent: it has put us in front of PYTHONPATH."""
    first, _, rest = environ.get("PYTHONPATH", "").partition(os.pathsep)
    if not first or Path(first).resolve() != HERE:
        return None
    given = _environ_of(os.getppid())
    return os.getppid() if given is None or given.get("PYTHONPATH", "") == rest else None


def as_given(environ: Mapping[str, str], shell: int | None) -> dict[str, str]:
    """The environment that entrypoint.sh was started with, for CMD may be anything.

    A shell exports again what it was given, so its own variables (`token`, `state`, `role` …) would take
    the place of the caller's of the same name; and Python adds LC_CTYPE. Where /proc does not tell, only
    our own entry is taken from PYTHONPATH.
    """
    if shell is None:
        return dict(environ)
    given = _environ_of(shell)
    if given is not None:
        return given
    _, _, rest = environ["PYTHONPATH"].partition(os.pathsep)
    return {name: value for name, value in environ.items() if name != "PYTHONPATH"} | (
        {"PYTHONPATH": rest} if rest else {}
    )


def _environ_of(pid: int) -> dict[str, str] | None:
    """As it was at its start (proc(5)); None if that cannot be read."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    pairs = (entry.partition(b"=") for entry in entries if b"=" in entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
