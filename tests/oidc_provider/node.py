"""Node.js and the provider's packages: found on this machine, installed once from the lock file."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OLDEST_NODE = (20, 12)  # the provider calls `crypto.hash`
INSTALL_SECONDS = 180


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True)
    return tuple(int(part) for part in said.stdout.strip().removeprefix("v").split(".")[:2])


def node_or_skip(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """The paths of `node` and `npm`.

    Without them the test is skipped, but where `CI` is `true` it fails: there nobody would notice.
    """
    node, npm = (shutil.which(name, path=environ.get("PATH", "")) for name in ("node", "npm"))
    if node and npm and _version(node) >= OLDEST_NODE:
        return node, npm
    oldest = ".".join(map(str, OLDEST_NODE))
    message = f"the certified OpenID provider needs Node.js {oldest} or newer with npm on the PATH"
    if environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text())["packages"]
    return {name: package["version"] for name, package in packages.items() if name}


def _installed(directory: Path) -> bool:
    # npm writes its own lock file into node_modules when everything else is in place.
    done = directory / "node_modules" / ".package-lock.json"
    return done.exists() and _versions(done) == _versions(directory / "package-lock.json")


def install_packages(npm: str, directory: Path = HERE) -> None:
    """Make `directory`/node_modules what its lock file says; nothing to do is the usual case.

    Test processes side by side wait for the first. Raises RuntimeError with npm's own words.
    """
    with (directory / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _installed(directory):
            return
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"npm ci ended with {done.returncode}:\n{done.stderr[-2000:]}")
