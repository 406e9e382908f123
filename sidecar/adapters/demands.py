"""What was asked for on demand: a small file for each resource in the state directory, whose modification
time is when somebody asked last. Damaged is as not asked; it costs a request, nothing more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from sidecar.core import demand
from sidecar.posix.files import read_plain, replace_text

PREFIX = "demand-"
"""Plain files beside the others: the private directory has no others."""

FILES_MAX = 1000
"""More than that nobody looks at: they were not put there by us."""


class Demands:
    """`private` is the sidecar's own part of the state directory. No lock is needed."""

    def __init__(self, private: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = private
        self._now = now

    def add(self, resource: str) -> None:
        """Somebody asks for it now.

        :raises ValueError: it is no resource
        :raises OSError: the directory is read-only or full
        """
        file = self._file(resource)
        replace_text(file, demand.normalised(resource) + "\n")
        os.utime(file, (self._now(), self._now()))

    def current(self, on_demand: Collection[str]) -> list[str]:
        """The resources to keep fresh, by SIDECAR_ON_DEMAND as it is today; others are forgotten."""
        asked = self._asked()
        wanted = demand.still_wanted(asked, on_demand=on_demand, now=self._now())
        for resource in asked.keys() - set(wanted):
            with suppress(OSError):
                self._file(resource).unlink()
        return wanted

    def _file(self, resource: str) -> Path:
        return self._path / f"{PREFIX}{demand.name_of(resource)}"

    def _asked(self) -> dict[str, float]:
        found: dict[str, float] = {}
        try:
            files = sorted(self._path.glob(f"{PREFIX}*"))[:FILES_MAX]
        except OSError:
            return found
        for file in files:
            with suppress(OSError, ValueError):
                resource = read_plain(file).decode().strip()
                if self._file(resource) == file:
                    # A time to come is one of a clock that was set since: it would never be over.
                    found[resource] = min(file.stat().st_mtime, self._now())
        return found
