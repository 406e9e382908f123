"""Shell completion: up to date, and bash really completes."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.command_line import ROLES, SHELL_ROLES
from sidecar.declarations import ENVIRONMENT_ONLY, SETTINGS
from sidecar.setting_groups import GROUPS
from tests.completion import FOLDER, scripts

BASH = FOLDER / "entrypoint.bash"


@pytest.mark.parametrize("name", ["entrypoint.bash", "entrypoint.zsh"])
def test_completion_is_that_of_the_code(name: str) -> None:
    """`make docs` writes it; every role and every flag is in it."""
    text = (FOLDER / name).read_text()
    assert text == scripts()[name]
    for word in (*ROLES, *SHELL_ROLES, "--watch", "--json", "--wipe"):
        assert word in text
    for setting in SETTINGS:
        assert (setting.flag in text) is (setting.name not in ENVIRONMENT_ONLY)


def test_every_setting_is_in_one_group_of_the_help() -> None:
    """None is missing there, and none is told twice."""
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(
        setting.name for setting in SETTINGS
    )


@pytest.fixture
def type_in_bash(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Types into an interactive bash with the completion loaded, and waits for a text on its terminal."""
    main, side = pty.openpty()
    rc = tmp_path / "rc"
    rc.write_text(f"PS1='ready> '\n. {BASH}\n")
    (tmp_path / "bundle.pem").touch()
    environ = {"PATH": os.environ["PATH"], "TERM": "dumb", "INPUTRC": "/dev/null"}
    process = subprocess.Popen(
        ["bash", "--noprofile", "--rcfile", str(rc), "-i"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=tmp_path,
        env=environ,
        start_new_session=True,
    )
    seen = ""

    def type_and_wait(keys: str, expected: str) -> None:
        nonlocal seen
        seen = ""
        os.write(main, keys.encode())
        end = time.monotonic() + 30
        while expected not in seen and time.monotonic() < end:
            if select.select([main], [], [], 0.2)[0]:
                seen += os.read(main, 4096).decode()
        assert expected in seen

    try:
        yield type_and_wait
    finally:
        process.kill()
        process.wait()
        os.close(main)
        os.close(side)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("entrypoint.sh sta", "status "),
        ("./entrypoint.sh doc", "doctor "),
        ("entrypoint.sh probe re", "readiness "),
        ("entrypoint.sh signin --log-f", "--log-format "),
        ("sidecar refresh --log-level w", "warning "),
        ("entrypoint.sh doctor --ca-file bun", "bundle.pem "),
    ],
)
def test_bash_completes(type_in_bash: Callable[[str, str], None], typed: str, completed: str) -> None:
    """Roles, what probes ask about, flags, values and files; by name, by path, and without the shell."""
    type_in_bash("", "ready> ")
    type_in_bash(f"{typed}\t", typed.rpartition(" ")[0] + " " + completed)
