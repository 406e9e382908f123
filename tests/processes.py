"""What the kernel tells of a process (proc(5))."""

from __future__ import annotations

from pathlib import Path


def catches(pid: int, *numbers: int) -> bool:
    """Whether process `pid` has handlers for all these signals (SigCgt)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    mask = int(caught.split()[1], 16)
    return all(mask >> (number - 1) & 1 for number in numbers)
