"""A run that is told to end, with a program in the place of docker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.documents import DOCS
from tests.end_to_end.pod import eventually

DOCKER = """\
#!/bin/sh
echo "$*" >>"$ASKED"
case $1 in
inspect) exec sleep 60 ;;
image) echo 1 ;;
version) echo 28 ;;
esac
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="what the kernel counts for a container is root's to read")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_run_that_is_ended_removes_its_containers(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever it waits for just then; a second signal does not cut that short."""
    docker, asked = tmp_path / "docker", tmp_path / "asked"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    asked.touch()
    bench = subprocess.Popen(
        [sys.executable, "-m", "tests.bench", "--short", "--only", "containers", "--contenders", "sidecar"],
        cwd=DOCS.parent,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(asked)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: "\ninspect " in asked.read_text(), "a container that is looked at")
        bench.send_signal(number)
        bench.send_signal(number)
        assert bench.wait(30) == 128 + number
    finally:
        bench.kill()
        bench.wait()
    [started] = [line for line in asked.read_text().splitlines() if line.startswith("run ")]
    [name] = [word.removeprefix("--name=") for word in started.split() if word.startswith("--name=")]
    assert f"rm --force --volumes {name}" in asked.read_text()
