"""Roles that are Python's, and the script as a file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.entrypoint.box import ENTRYPOINT, Box


@pytest.mark.parametrize("role", ["signin", "status", "doctor", "serve", "exec", "bogus", "--help"])
@pytest.mark.parametrize("code", [0, 1, 64, 78, 127, 137, 143])
def test_every_other_role_is_one_python_with_its_own_code(box: Box, role: str, code: int) -> None:
    """Python knows the roles and reports mistakes; sh hands arguments and code through."""
    box.python(f'[ "$5" = "a b" ] || exit 99; exit {code}')
    assert box.run(role, "a b").returncode == code
    assert len(box.turns()) == 1


def test_no_role_at_all_is_python_s_to_explain(box: Box) -> None:
    """Usage comes from one place."""
    box.python("[ $# -eq 3 ] || exit 99; echo usage >&2; exit 64")
    result = box.run()
    assert (result.returncode, result.stderr) == (64, "usage\n")


def test_death_of_the_child_is_the_code_128_plus_signal(box: Box) -> None:
    """Without a signal to sh itself nothing is reinterpreted."""
    box.python("kill -KILL $$")
    assert box.run("signin").returncode == 137


def test_stdin_reaches_the_child(box: Box) -> None:
    """Though shells give /dev/null to what runs in the background."""
    box.python("cat")
    assert box.run("exec", stdin="from outside\n").stdout == "from outside\n"


def test_closed_stdin_is_an_empty_one(box: Box) -> None:
    """Some engines start containers without any."""
    box.python("cat; exit 5")
    closed = f'exec {" ".join(box.shell)} "$0" status <&-'
    result = subprocess.run(
        ["sh", "-c", closed, str(box.script)],
        env=box.environment,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (5, "", "")


def test_python_is_run_isolated_from_the_working_directory(box: Box) -> None:
    """`-P` keeps the working directory out of the import path; the package is found by PYTHONPATH."""
    box.python('echo "$1 $2 $3 $PYTHONPATH"')
    assert box.run("status").stdout == f"-P -m sidecar {ENTRYPOINT.parent}\n"
    own = box.run("status", env={"PYTHONPATH": "/x:/y"}).stdout
    assert own == f"-P -m sidecar {ENTRYPOINT.parent}:/x:/y\n"


@pytest.mark.parametrize("how", ["absolute", "relative", "bare", "executed"])
def test_script_is_found_from_anywhere(box: Box, tmp_path: Path, how: str) -> None:
    """By absolute or relative path, as `sh entrypoint.sh`, as a program; spaces in the path or not."""
    home = tmp_path / "a home" / "of it"
    home.mkdir(parents=True)
    script = Path(shutil.copy(ENTRYPOINT, home))
    box.python('echo "$PYTHONPATH"')
    command, cwd = {
        "absolute": ([*box.shell, str(script)], tmp_path),
        "relative": ([*box.shell, "of it/entrypoint.sh"], home.parent),
        "bare": ([*box.shell, "entrypoint.sh"], home),
        "executed": (["./entrypoint.sh"], home),
    }[how]
    result = subprocess.run(
        [*command, "status"],
        env=box.environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    printed = Path(result.stdout.removesuffix("\n"))
    assert (result.returncode, result.stderr) == (0, "")
    assert printed.is_absolute()
    assert printed.samefile(home)


def test_environment_cannot_pose_as_the_script_s_own_state(box: Box) -> None:
    """Variables of these names in the container neither stop nor hurry nor kill anything."""
    box.virtual_time()
    box.python("wake 5; [ $n -lt 3 ] || exit 77")
    own = ("stop", "hup", "nap", "child", "wake", "floor", "step", "now", "leapt", "up", "code")
    assert box.run("refresh", env=dict.fromkeys(own, "junk")).returncode == 77
    assert [(turn.at, turn.arguments) for turn in box.turns()] == [
        (1000, ("refresh", "--first")),
        (1005, ("refresh",)),
        (1010, ("refresh",)),
    ]


def test_script_is_short_and_uses_only_what_every_shell_has() -> None:
    """Under 80 lines, executable, none of the constructs that need job control or bash."""
    text = ENTRYPOINT.read_text()
    assert text.startswith("#!/bin/sh\n")
    assert len(text.splitlines()) < 80
    assert max(map(len, text.splitlines())) <= 100
    assert ENTRYPOINT.stat().st_mode & 0o111 == 0o111
    for construct in ("wait -n", "read -t", "set -m", "[[ ", "function ", "local "):
        assert construct not in text


def test_first_statement_sets_a_trap() -> None:
    """Whatever stands before it is time in which a signal kills or is lost."""
    statements = [line for line in ENTRYPOINT.read_text().splitlines() if not line.startswith("#")]
    assert [" trap '" in f" {line}" for line in statements[:3]] == [True, True, True]


def test_shellcheck_has_nothing_to_say() -> None:
    """As plain POSIX sh."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    result = subprocess.run(
        ["shellcheck", "-s", "sh", str(ENTRYPOINT)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_pid_from_the_environment_is_never_signalled(box: Box) -> None:
    """A variable `nap` in the container names a process that is none of the script's business."""
    box.python("kill -TERM $loop; exec sleep 10")
    with subprocess.Popen(["sleep", "30"]) as bystander:
        assert box.run("refresh", env={"nap": str(bystander.pid)}).returncode == 0
        assert bystander.poll() is None
        bystander.kill()
