"""One schedule, one provider each, one kind of reader: the rows of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.plan import Policy
from tests.torture.soak import naive
from tests.torture.soak.azure import App
from tests.torture.soak.container import Container
from tests.torture.soak.faults import Outages, Weather
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Lives, Provider
from tests.torture.soak.reader import Reader, token_file
from tests.torture.soak.virtual_time import DAY, Over, WatchedClock, lent_to_others


@dataclass(frozen=True)
class Row:
    """What came of one contender. The first sign-in is nobody's fault and is not counted."""

    name: str
    reader: Reader
    provider: Provider
    crashes: int

    @property
    def prompts(self) -> int:
        """How often a person was called who had signed in already."""
        return self.provider.person.calls - 1

    @property
    def words(self) -> str:
        """The figures as `HEAD` names them."""
        reader, provider = self.reader, self.provider
        return (
            f"{reader.availability:9.3f} % {reader.reads:9,} {reader.expired:7,} {reader.missing:7,} "
            f"{self.prompts:7,} {provider.codes:6,} {provider.calls:8,} {provider.worst_minute:6} "
            f"{self.crashes:8,}"
        )


HEAD = (
    f"{'available':>11} {'reads':>9} {'expired':>7} {'missing':>7} {'prompts':>7} {'codes':>6} "
    f"{'requests':>8} {'in 60s':>6} {'restarts':>8}"
)
"""Prompts: how often a person was called; codes: how many device codes that took; requests in all and the
most in any minute."""


@dataclass(frozen=True)
class Course:
    """How long, under which weather, and how often a reader looks."""

    weather: Weather | Outages
    days: int
    every: float

    def clock(self) -> WatchedClock:
        """A new one, which ends whoever goes on for too long."""
        return WatchedClock(every=self.every, end=self.days * DAY)

    def provider(self, clock: WatchedClock) -> Provider:
        """A new one."""
        return Provider(clock, self.weather, Lives(getattr(self.weather, "seed", 0)))


def all_rows(path: Path, course: Course, policy: Policy) -> list[Row]:
    """Everybody, one after the other, each in a folder of its own; ours first."""
    folders = [path / name for name in ("ours", "naive", "careful")]
    for folder in folders:
        folder.mkdir()
    ours, naive_one, careful = folders
    return [
        run_ours(ours, course, policy),
        run_naive(naive_one, course),
        run_careful(careful, course),
        *run_azure(course),
    ]


def run_ours(path: Path, course: Course, policy: Policy) -> Row:
    """The sidecar."""
    clock = course.clock()
    provider = course.provider(clock)
    pod = Pod(path, clock, provider, policy)
    reader = Reader(clock, provider, token_file(pod.token_path / "token"))
    clock.look = reader.look

    def live() -> None:
        pod.sign_in()
        pod.live(float("inf"))

    _until_over(live)
    return Row("this sidecar", reader, provider, pod.crashes)


def run_naive(path: Path, course: Course) -> Row:
    """The loop that people write."""
    file = path / "token"
    return _in_container("MSAL in a loop", course, file, lambda provider: naive.loop(file, provider))


def run_careful(path: Path, course: Course) -> Row:
    """The loop with a second look."""
    file, cache = path / "token", path / "cache"
    return _in_container(
        "the same, with try/except and a cache file",
        course,
        file,
        lambda provider: naive.careful_loop(file, cache, provider),
    )


def run_azure(course: Course) -> tuple[Row, Row]:
    """The app with azure-identity: as documented, and as if it kept the last token for itself."""
    clock = course.clock()
    provider = course.provider(clock)
    with lent_to_others(clock):
        app = App(clock, provider)
        strict = Reader(clock, provider, lambda: app.token)
        lenient = Reader(clock, provider, lambda: app.last)

        def look() -> None:
            strict.look()
            lenient.look()

        clock.look = look
        _until_over(app.live)
    name = "azure-identity's DeviceCodeCredential"
    return Row(name, strict, provider, 0), Row(f"{name}, the app keeps its last token", lenient, provider, 0)


def table(rows: list[Row]) -> str:
    """All rows under one head."""
    width = max(len(row.name) for row in rows)
    return "\n".join([f"{'':{width}} {HEAD}", *(f"{row.name:{width}} {row.words}" for row in rows)])


def _in_container(name: str, course: Course, file: Path, program: Callable[[Provider], None]) -> Row:
    clock = course.clock()
    provider = course.provider(clock)
    reader = Reader(clock, provider, token_file(file))
    clock.look = reader.look
    container = Container(clock)
    with lent_to_others(clock):
        _until_over(lambda: container.run(lambda: program(provider)))
    return Row(name, reader, provider, container.crashes)


def _until_over(live: Callable[[], object]) -> None:
    try:
        live()
    except Over:
        return
    raise AssertionError("somebody ended before the time was over")
