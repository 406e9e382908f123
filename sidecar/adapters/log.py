"""Events on stdout: constant dotted names and measured fields, for people or as JSON lines."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import structlog

from sidecar.adapters.terminal import Terminal
from sidecar.core.events import EVENTS
from sidecar.core.screen import Screen
from sidecar.errors import ERROR_PAGE, SidecarError

FIELD_MAX = 2000
"""Characters; a runtime's log driver cuts lines at 16 KiB (containerd, Docker)."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Writes events; `line` writes what has to appear at every level, such as the prompt. Any thread may:
    lines never mix.
    """

    def __init__(self, *, format: str, level: str, stream: TextIO | None = None) -> None:
        """`format` is console or json; `level` one of `LEVELS`."""
        stream = stream or sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            # A character that the locale cannot encode is escaped; the event would be lost with it.
            stream.reconfigure(errors="backslashreplace")
        self._stream = Terminal(stream)
        self._json = format == "json"
        # Reentrant: an event within another's writing must not wait for itself.
        self._writing = threading.RLock()
        self.heard: Callable[[str, Mapping[str, object]], None] = lambda _name, _fields: None
        """Told of every event, whatever the level."""
        renderer: Any = structlog.processors.JSONRenderer()
        if not self._json:
            renderer = _AdviceBelow(
                structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False, pad_event_to=24)
            )
        # Libraries log to stderr through logging's last resort; none of theirs may reach the output.
        # Without any, logging would complain there itself.
        logging.lastResort = logging.NullHandler()
        self._logger = structlog.wrap_logger(
            # With its newline in one write: a signal's handler may raise between two.
            structlog.WriteLogger(cast(TextIO, self._stream)),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
                _one_line,
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
            cache_logger_on_first_use=True,
        )

    def event(self, name: str, *, level: str = "info", **fields: object) -> None:
        """One event of `EVENTS`; fields of None are left out."""
        if name not in EVENTS:
            raise KeyError(name)
        known = {key: value for key, value in fields.items() if value is not None}
        self.heard(name, known)
        with self._writing, _reader_may_be_gone():
            getattr(self._logger, level)(name, **known)
            self._stream.flush()

    def failure(self, name: str, error: SidecarError, *, level: str = "warning", **fields: object) -> None:
        """One event about an error: its message and fields, who can help, what to do, where more is said."""
        told = {
            "message": error.message,
            "kind": error.anchor(),
            "cure": error.cure,
            "see": f"{ERROR_PAGE}#{error.anchor()}",
            **error.fields,
            **fields,
            "advice": error.advice or None,
        }
        self.event(name, level=level, **told)

    def line(self, record: Mapping[str, object]) -> None:
        """One JSON line whatever the format and the level, flushed."""
        with self._writing, _reader_may_be_gone():
            self._stream.write(json.dumps(record) + "\n")
            self._stream.flush()

    def screen(self) -> Screen | None:
        """What people look at; None where only programs read."""
        return None if self._json else self._stream.screen()

    def overwrite(self, text: str) -> None:
        """One line of a live screen, gone as soon as anything else is written; empty to take it away."""
        with self._writing, _reader_may_be_gone():
            self._stream.overwrite(text)

    def text(self, text: str) -> None:
        """Text for people, only in console format, whatever the level; flushed."""
        if not self._json:
            with self._writing, _reader_may_be_gone():
                self._stream.write(text)
                self._stream.flush()


@contextmanager
def _reader_may_be_gone() -> Iterator[None]:
    """A pipe that nobody reads any more, or a full disk behind it, must not cost a sign-in."""
    with suppress(OSError, ValueError):
        yield


class _AdviceBelow:
    """For people, what to do stands in lines of its own below the event, without quotation marks."""

    def __init__(self, render: Callable[..., str]) -> None:
        self._render = render

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        below = [(words, event.pop(key, None)) for key, words in (("advice", "what to do"), ("see", "see"))]
        line = self._render(logger, method, event)
        return "".join([line, *(f"\n    {words}: {text}" for words, text in below if text)])


def _one_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """No field can forge a line, move the cursor, or fill the log."""
    return {
        key: "".join(c if c.isprintable() else " " for c in value[:FIELD_MAX])
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }
