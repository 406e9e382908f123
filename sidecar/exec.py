"""`exec -- CMD`: sign in, keep the token fresh beside CMD, end as CMD ends.

The sign-in and the renewing are the roles `signin` and `refresh` themselves, as children: what holds
for them holds here. entrypoint.sh gives its place to this process before it sets any variable that CMD
might have use for. This process stays, so it imports neither MSAL nor the rest of a turn. Standard
output belongs to CMD alone; the prompt and the events of both roles go to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidecar.posix.children import Children

HERE = Path(__file__).resolve().parent.parent
STDERR = 2
NOT_EXECUTABLE, NOT_FOUND = 126, 127
LOOP_END_SECONDS = 15.0
"""`refresh` ends within a second, and within ten if it has to save a refresh token first."""


def run(command: Sequence[str], *, flags: Sequence[str], environ: Mapping[str, str], token_dir: Path) -> int:
    """Sign in, run `command`, and return its exit code: 128+N if signal N ended it.

    Before it starts: 127 and 126 as a shell's, without asking anybody to sign in for nothing, and the
    exit code of `signin` if nobody signed in. `flags` are settings of the two roles.
    """
    wanted = _without_our_path(environ) | {"SIDECAR_TOKEN_DIR": str(token_dir)}
    program = shutil.which(command[0], path=wanted.get("PATH"))
    if program is None:
        found = Path(command[0]).exists() or shutil.which(command[0], os.F_OK, path=wanted.get("PATH"))
        return _refused(command[0], NOT_EXECUTABLE if found else NOT_FOUND)
    children = Children()
    signin = [sys.executable, "-P", "-m", "sidecar", "signin", *flags]
    code = children.watch(children.start(signin, environ, stdout=STDERR))
    if code:
        return code
    if children.told_to_end:  # while the last of the sign-in could not be interrupted any more
        return 128 + children.told_to_end
    refresh = [str(HERE / "entrypoint.sh"), "refresh", *flags]
    loop = children.start(refresh, environ, stdout=STDERR, background=True)
    try:
        return children.watch(children.start([program, *command[1:]], wanted))
    except OSError:
        return _refused(command[0], NOT_EXECUTABLE)
    finally:
        children.end(loop, seconds=LOOP_END_SECONDS)


def wipe(token_dir: Path, state_dir: Path) -> None:
    """Remove the published tokens and the sign-in with its refresh token; what fails is said."""
    from sidecar.adapters.state_dir import PRIVATE
    from sidecar.adapters.token_dir import Access, TokenDirectory

    try:
        if token_dir.is_dir():
            TokenDirectory(token_dir, Access()).withdraw()
        if (state_dir / PRIVATE).is_dir():
            shutil.rmtree(state_dir / PRIVATE)
    except OSError as error:
        print(f"exec: not all could be wiped: {error}", file=sys.stderr)


def _refused(name: str, code: int) -> int:
    reason = "not found" if code == NOT_FOUND else "cannot be executed"
    print(f"exec: {name}: {reason}", file=sys.stderr)
    return code


def _without_our_path(environ: Mapping[str, str]) -> dict[str, str]:
    """Undo what entrypoint.sh put in front of PYTHONPATH: CMD may be Python, too."""
    cleaned = dict(environ)
    first, _, rest = cleaned.get("PYTHONPATH", "").partition(os.pathsep)
    if first and Path(first).resolve() == HERE:
        del cleaned["PYTHONPATH"]
        if rest:
            cleaned["PYTHONPATH"] = rest
    return cleaned
