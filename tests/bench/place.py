"""Where figures were measured: what a reader needs to judge them. No names of machines or people."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ENGINE_SECONDS = 30


def place(*, command: str, how: str) -> dict[str, str]:
    """As text by name."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"`{command}`",
        "commit": _told("git", "describe", "--always", "--dirty") or "unknown",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB",
        "kernel": f"Linux {platform.release()}, cgroup v{2 if _unified() else 1}",
        "engine": engine() or "none",
        "how often": how,
    }


def engine() -> str | None:
    """The Docker engine and its version; None where none answers."""
    version = _told("docker", "version", "--format", "{{.Server.Version}}")
    return f"Docker {version}" if version else None


def _told(*command: str) -> str | None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=ENGINE_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _processor() -> str:
    lines = _text("/proc/cpuinfo").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    lines = _text("/proc/meminfo").splitlines()
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("MemTotal")), 0.0)


def _unified() -> bool:
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
