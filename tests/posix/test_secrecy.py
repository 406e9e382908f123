"""What keeps secrets in, seen from outside."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import DirectoryRefused
from sidecar.posix.secrecy import STRANGER, proof_of_privacy
from tests.posix.identities import acting_as, needs_root, reachable_directory

GROUP = 4242
CRASH = """
import os, sys
from sidecar.posix.secrecy import forbid_core_dumps
if sys.argv[1] == "forbidden":
    forbid_core_dumps()
os.abort()
"""


@pytest.fixture
def private() -> Iterator[Path]:
    """A private directory that other users can walk up to, with a cache in it."""
    with reachable_directory() as path:
        private = path / "private"
        private.mkdir(mode=0o700)
        (private / "cache").touch(mode=0o600)
        yield private


@needs_root
@pytest.mark.parametrize("group", [None, GROUP])
def test_stranger_tries_and_is_denied(private: Path, group: int | None) -> None:
    """Root can become somebody else, in the tokens' group too: the log says who tried."""
    proof = proof_of_privacy(private, group=group)
    assert proof == f"uid {STRANGER} with gid {GROUP if group else STRANGER} tried and was denied"


@needs_root
@pytest.mark.parametrize(("mode", "group"), [(0o755, None), (0o711, None), (0o710, GROUP), (0o750, GROUP)])
def test_stranger_who_comes_in_ends_the_start(private: Path, mode: int, group: int | None) -> None:
    """A file system that does not keep what was asked of it is found out by trying: 78."""
    os.chown(private, 0, GROUP)
    (private / "cache").chmod(0o666)
    private.chmod(mode)
    with pytest.raises(DirectoryRefused, match=f"uid {STRANGER} with gid") as refused:
        proof_of_privacy(private, group=group)
    assert refused.value.exit_code == 78


@needs_root
def test_user_who_cannot_become_another_goes_by_the_mode(private: Path) -> None:
    """As in a pod without capabilities: it says what it knows, and does not say that it tried."""
    os.chown(private, 5000, GROUP)
    done = subprocess.run(
        [
            *("setpriv", "--reuid=5000", f"--regid={GROUP}", "--clear-groups"),
            *(sys.executable, "-c", PROVE, str(private)),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout == "mode 0700, for uid 5000 alone\n"


PROVE = """
import sys
from pathlib import Path
from sidecar.posix.secrecy import proof_of_privacy
print(proof_of_privacy(Path(sys.argv[1]), group=None))
"""


@pytest.mark.skipif(
    not Path("/proc/sys/kernel/core_pattern").read_text().startswith("core"),
    reason="core files of this machine go elsewhere",
)
@pytest.mark.parametrize(("how", "files"), [("allowed", 1), ("forbidden", 0)])
def test_crash_leaves_no_core_file(tmp_path: Path, how: str, files: int) -> None:
    """Even where the machine allows any size."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)

    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    subprocess.run(
        [sys.executable, "-c", CRASH, how],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=allow,
        check=False,
    )
    assert len(list(tmp_path.glob("core*"))) == (files if hard else 0)


def test_limit_is_the_one_that_a_pipe_respects_too() -> None:
    """Linux takes a limit of one byte for `do not dump` where core_pattern is a program; 0 it ignores."""
    code = (
        "import resource; from sidecar.posix.secrecy import forbid_core_dumps; forbid_core_dumps(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout in {"(1, 1)\n", "(0, 0)\n"}


@needs_root
def test_tests_that_change_users_come_back(private: Path) -> None:
    """The proof is made in a child: this process is who it was."""
    with acting_as(5000, GROUP), pytest.raises(PermissionError):
        list(private.iterdir())
    proof_of_privacy(private, group=None)
    assert os.geteuid() == 0
