"""The private directory: lock, journal, open prompt, and the numbers that the shell reads.

The shell parses nothing but decimal numbers, one to a file: `wake` is a second of the boot clock,
`due`, `live_until` and `ready_until` are seconds since 1970. `due` also carries its instant as
modification time, so that the shell can compare the clock with it without starting a process.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.core import health
from sidecar.core import history as histories
from sidecar.core import journal as journals
from sidecar.core.health import Vitals
from sidecar.core.history import History
from sidecar.core.journal import Journal
from sidecar.core.schedule import Anchor
from sidecar.errors import StillAtWork
from sidecar.posix.files import read_plain, replace_text, unfinished
from sidecar.posix.heart import Heart

if TYPE_CHECKING:
    from sidecar.core.kubernetes.copies import Copies, Copy

PRIVATE = "private"
"""Our own subdirectory of the state directory; entrypoint.sh knows the name too."""

SHARED = "shared.json"
"""What is known of a state that is shared with other replicas."""

LOCK_POLL_SECONDS = 0.25


class StateDirectory:
    """`path` is the private subdirectory, already made and 0700."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The private subdirectory."""
        return self._path

    @property
    def cache_file(self) -> Path:
        """Where the token cache lies."""
        return self._path / "cache"

    @property
    def discovery_file(self) -> Path:
        """Where the discovery document is kept."""
        return self._path / "discovery.json"

    @property
    def shares(self) -> bool:
        """Whether something is known of a state that is shared with other replicas."""
        return (self._path / SHARED).exists()

    @property
    def heartbeat_file(self) -> Path:
        """What the liveness probe reads."""
        return self._path / "heartbeat"

    @contextmanager
    def locked(
        self, heart: Heart, waiting: Callable[[], None] = lambda: None, *, patience_seconds: float = math.inf
    ) -> Iterator[None]:
        """One turn at a time; the kernel frees the lock of a process that dies (flock(2)).

        Another turn may hold it for as long as a prompt is open: waiting goes on, and beats; `waiting`
        is called once if there is anything to wait for.

        :raises OSError: the lock file cannot be made
        :raises StillAtWork: another turn holds it for longer than `patience_seconds`
        """
        descriptor = os.open(self._path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try_lock(descriptor):
                waiting()
                waited = 0.0
                while not _try_lock(descriptor):
                    if waited >= patience_seconds:
                        raise StillAtWork(
                            "another turn is at work for longer than could be waited",
                            advice="It may show a prompt, or wait for the authority: `status` says which. "
                            "Ask again later.",
                        )
                    heart.rest(LOCK_POLL_SECONDS)
                    waited += LOCK_POLL_SECONDS
            yield
        finally:
            os.close(descriptor)

    def journal(self) -> Journal:
        """What the last turn left; an empty journal if there is none or it is unreadable."""
        try:
            return journals.from_text(read_plain(self._path / "journal.json"))
        except OSError:
            return Journal()

    def keep_journal(self, journal: Journal) -> None:
        """:raises OSError: the directory is read-only or full"""
        replace_text(self._path / "journal.json", journals.to_text(journal))

    def history(self) -> History:
        """What happened so far; an empty history if there is none or it is unreadable."""
        try:
            return histories.from_text(read_plain(self._path / "history.json"))
        except OSError:
            return History()

    def keep_history(self, history: History) -> None:
        """:raises OSError: the directory is read-only or full"""
        replace_text(self._path / "history.json", histories.to_text(history))

    def copies(self) -> dict[str, Copy]:
        """What is known of the Secrets that tokens are published to; empty if it is unreadable."""
        try:
            from sidecar.core.kubernetes import copies

            return copies.from_text(read_plain(self._path / "secrets.json"))
        except OSError:
            return {}

    def keep_copies(self, copies: Copies) -> None:
        """:raises OSError: the directory is read-only or full"""
        from sidecar.core.kubernetes.copies import to_text

        replace_text(self._path / "secrets.json", to_text(copies))

    def forget_copies(self) -> None:
        """No Secrets are published to any more: status and metrics would tell of them for ever."""
        with suppress(OSError):
            (self._path / "secrets.json").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a killed turn left of its history: unlike the journal it is not written by every turn.

        :raises OSError: the directory is read-only
        """
        unfinished(self._path / "history.json").unlink(missing_ok=True)

    def schedule(self, wake_on: int, anchor: Anchor) -> None:
        """Tell the shell when the next turn is due.

        Written in place at a fixed width: on a full volume the blocks are there already.

        :raises OSError: the directory is read-only, or full at the first time
        """
        due = self._path / "due"
        _overwrite(due, wake_on)
        os.utime(due, (wake_on, wake_on))
        _overwrite(self._path / "wake", math.ceil(anchor.boot + wake_on - anchor.wall))

    def tell_probes(self, live_until: int, ready_until: int) -> None:
        """:raises OSError: the directory is read-only or full"""
        for name, instant in (("live_until", live_until), ("ready_until", ready_until)):
            replace_text(self._path / name, f"{max(instant, 0)}\n")

    def live_until(self) -> int | None:
        """As `ready_until`, for the startup probe."""
        return self._number("live_until")

    def ready_until(self) -> int | None:
        """What `tell_probes` wrote last; None if it has not, or something else stands there."""
        return self._number("ready_until")

    def heartbeat(self) -> int | None:
        """The second of the boot clock of the last sign of life; None as above."""
        return self._number("heartbeat")

    def vitals(self) -> Vitals:
        """What `entrypoint.sh probe` reads, read as the shell does."""
        return Vitals(
            live_until=health.number(self._beginning("live_until")),
            ready_until=health.number(self._beginning("ready_until")),
            heartbeat=health.number(self._beginning("heartbeat")),
            prompt=health.shown(self._beginning("prompt")),
        )

    def _beginning(self, name: str) -> bytes:
        try:
            return health.first_line(read_plain(self._path / name))
        except OSError:
            return b""

    def open_prompt(self, record: Mapping[str, object], line: str) -> None:
        """Show the prompt to programs (`prompt.json`) and to the probes (`prompt`).

        :raises OSError: the directory is read-only or full
        """
        replace_text(self._path / "prompt.json", json.dumps(record) + "\n")
        replace_text(self._path / "prompt", line + "\n")

    def close_prompt(self) -> None:
        """Withdraw it. Also what a killed turn left behind."""
        for name in ("prompt", "prompt.json"):
            (self._path / name).unlink(missing_ok=True)

    def prompt(self) -> dict[str, object] | None:
        """The open prompt, None if there is none that could be acted on."""
        try:
            record = json.loads(read_plain(self._path / "prompt.json"))
        except (OSError, ValueError, RecursionError):
            return None
        complete = isinstance(record, dict) and {"verification_uri", "user_code"} <= record.keys()
        return record if complete else None

    def _number(self, name: str) -> int | None:
        try:
            text = read_plain(self._path / name).strip()
        except OSError:
            return None
        return int(text) if text.isdigit() and len(text) <= 12 else None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _overwrite(path: Path, number: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, f"{number:<10}\n".encode(), 0)
    finally:
        os.close(descriptor)
