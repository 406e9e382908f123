"""What grows with the renewals: files and log of one pod that lives for years, in virtual time.

The product's own turns, with MSAL and real files; in the place of sockets stands the provider of the soak.
Each turn is built anew from what lies in the two directories. The provider's tokens and refresh tokens have
the same length from the first to the last, so that whatever grows is ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.core.plan import Policy
from sidecar.remembrance import remembered
from sidecar.role import Role
from tests.bench.contender import OURS
from tests.bench.figures import Summary
from tests.torture.soak.faults import Outages, storm
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Faults, Lives, Provider
from tests.torture.soak.virtual_time import WatchedClock

POLICY = Policy(refresh_at=0.66, spread=0.0, min_validity_seconds=60)
FULL, SHORT = 100_000, 1_500
"""Renewals: ten minutes or so, and ten seconds."""

FAIR = Outages(())
OUTAGE_SECONDS = 900
MEMORY = Path("/dev/shm")
"""Where a million calls of fsync cost nothing; nothing here is about power that fails."""

NINE_DIGITS = 100_000_000
HOUR = 3600


@dataclass(frozen=True)
class Point:
    """After so many renewals: bytes and numbers of files below the two directories, and bytes of log for one
    renewal, since the point before.
    """

    renewals: int
    state_bytes: int
    state_files: int
    token_bytes: int
    token_files: int
    log_bytes: float


class LongLived(Pod):
    """The pod of the soak, with its history, that counts what it logs."""

    logged = 0

    def turn(self, role: Role) -> None:
        """As ever."""
        super().turn(role)
        self.logged += len(self.told[-1].encode())

    def _take_turn(self, role: Role, log: Log) -> None:
        with remembered(StateDirectory(self.state_path), log, self._clock):
            super()._take_turn(role, log)


def growth(renewals: int = FULL) -> list[Summary]:
    """The last of so many renewals over an early one; 1 is flat."""
    return ratios(curve(renewals))


def ratios(points: Sequence[Point]) -> list[Summary]:
    """The last point over the one after 1,000 renewals, or where the curve is shorter the last but one."""
    last = points[-1]
    first = next((point for point in points[:-1] if point.renewals >= 1000), points[-2])
    found = {
        "growth_state": last.state_bytes / first.state_bytes,
        "growth_tokens": last.token_bytes / first.token_bytes,
        "growth_log": last.log_bytes / first.log_bytes,
    }
    return [Summary.of(what, OURS, [ratio]) for what, ratio in found.items()]


def curve(renewals: int = FULL, *, stormy: bool = False) -> list[Point]:
    """After each power of ten of renewals from ten on, after a third of the last, and after the last.

    :param stormy: a third of all requests fail, and every four hours there is an outage of up to 15 minutes
    """
    weather: Faults = storm(1, longest_seconds=OUTAGE_SECONDS) if stormy else FAIR
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return list(_points(Path(folder), renewals, weather))


def as_rows(points: Sequence[Point]) -> list[dict[str, Any]]:
    """For JSON."""
    return [{**asdict(point), "log_bytes": round(point.log_bytes, 1)} for point in points]


def _stops(renewals: int) -> list[int]:
    tens = [10**power for power in range(1, 7) if 10**power < renewals]
    return sorted({*tens, renewals // 3, renewals})


def _points(path: Path, renewals: int, weather: Faults) -> Iterator[Point]:
    clock = WatchedClock(every=float("inf"))
    provider = Provider(clock, weather, Lives(1), first_serial=NINE_DIGITS)
    pod = LongLived(path, clock, provider, POLICY)
    pod.sign_in()
    for before, stop in pairwise([0, *_stops(renewals)]):
        logged = pod.logged
        while provider.renewals < stop:
            pod.live(min((stop - provider.renewals) * HOUR / 2, 30 * 24 * HOUR))
        yield Point(
            provider.renewals,
            *_size(pod.state_path),
            *_size(pod.token_path),
            log_bytes=(pod.logged - logged) / (provider.renewals - before),
        )


def _size(path: Path) -> tuple[int, int]:
    """Bytes of all files, and their number; links and folders count as files of no bytes."""
    found = list(path.rglob("*"))
    return sum(each.lstat().st_size for each in found if each.is_file() and not each.is_symlink()), len(found)
