"""The OpenID discovery document on disk for a day, so that a steady turn costs one request.

It is keyed by its URL; when the authority fails an old copy serves, for endpoints hardly ever move
(OpenID Connect Discovery 1.0 section 4). It holds no secret but lies in the private directory:
whoever could change it could send the refresh token elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sidecar.posix.files import replace_text

FRESH_SECONDS = 86400
AGAIN_SECONDS = 600
SETTLED_SECONDS = 300


class DiscoveryStore:
    """One document at a time: a pod talks to one authority."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now

    def fresh(self, url: str) -> str | None:
        """The document if it is less than a day old; one from the future is not trusted to be."""
        kept_on, text = self._read(url)
        return text if 0 <= self._now() - kept_on < FRESH_SECONDS else None

    def stale(self, url: str) -> str | None:
        """The document however old, for the authority failed. It counts as fresh for ten minutes then:
        else every turn of an outage would ask for it, beside the renewal that fails as well.
        """
        text = self._read(url)[1]
        if text is not None and self.fresh(url) is None:
            self._keep(url, text, kept_on=int(self._now()) - FRESH_SECONDS + AGAIN_SECONDS)
        return text

    def keep(self, url: str, text: str) -> None:
        """A volume that cannot take it costs a request more per turn, no failure."""
        self._keep(url, text, kept_on=int(self._now()))

    def forget(self) -> None:
        """Ask the authority again next time: what was kept led to an error."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def outdate(self) -> None:
        """Forget it, unless it is some minutes old at most: an endpoint that stays away is asked for again
        and again, and would cost two requests each time.
        """
        with suppress(OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            kept_on = float(json.loads(self._path.read_bytes())["kept_on"])
            if 0 <= self._now() - kept_on < SETTLED_SECONDS:
                return
        self.forget()

    def _keep(self, url: str, text: str, *, kept_on: int) -> None:
        with suppress(OSError):
            replace_text(self._path, json.dumps({"url": url, "kept_on": kept_on, "text": text}))

    def _read(self, url: str) -> tuple[float, str | None]:
        try:
            record = json.loads(self._path.read_bytes())
            if record["url"] == url and isinstance(json.loads(record["text"]), dict):
                return float(record["kept_on"]), str(record["text"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            pass
        return 0.0, None
