"""The token cache on disk: one envelope, one durable write per turn, sealed if there is a key.

The file is a header line of JSON (format, version, client, authority and, when sealed, the key's
id) and the content behind it. The header is authenticated together with the content, so a sealed
cache cannot be moved to another client or authority.

MSAL works on `PersistedTokenCache` over a persistence that only collects: MSAL saves four or five
times per turn, we write once. The library's lock file is left out: the turn holds its own `flock`, and
a lock file that cannot be written or removed would cost five seconds and then the token just obtained
(measured with msal-extensions 1.3.1).
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from msal_extensions import PersistedTokenCache
from msal_extensions.persistence import BasePersistence

from sidecar.core import envelope
from sidecar.core.account import Account
from sidecar.core.envelope import NotForUs, Remembered
from sidecar.core.schedule import Anchor
from sidecar.core.session import Session
from sidecar.core.token import TokenSet
from sidecar.errors import CacheSealed
from sidecar.posix.files import SetAside, write_durably

FORMAT = "entra-sidecar cache"
VERSION = 1
ROOM_BYTES = 4096


class Seal(Protocol):
    """What the cache needs of a sealer."""

    @property
    def sealing_key_id(self) -> str | None:
        """None: do not seal."""
        ...

    @property
    def key_ids(self) -> list[str]:
        """For messages."""
        ...

    def seal(self, content: bytes, *, context: bytes) -> bytes:
        """Authenticates `context` too."""
        ...

    def open(self, sealed: bytes, *, key_id: str, context: bytes) -> bytes | None:
        """None if there is no such key.

        :raises ValueError: what is sealed was altered; whatever else is raised says nothing of it
        """
        ...


class _Collecting(BasePersistence):  # type: ignore[misc] # msal_extensions has no types
    """Holds what MSAL saves until the turn commits it."""

    def __init__(self, location: Path) -> None:
        self._location = location
        self.content = ""

    def save(self, content: str) -> None:
        self.content = content

    def load(self) -> str:
        return self.content

    def time_last_modified(self) -> float:
        """Constant: a real time would let wall clock leaps decide whether MSAL reloads."""
        return 1.0

    def get_location(self) -> str:
        return str(self._location)


class _Unlocked(PersistedTokenCache):  # type: ignore[misc]
    """Without the library's lock file, whose failures would come between an answer and its save."""

    def __init__(self, collecting: _Collecting) -> None:
        super().__init__(collecting)
        self._collecting = collecting
        self.deserialize(collecting.load())

    def modify(self, *args: Any, **kwargs: Any) -> None:
        """As the library's, under the turn's lock."""
        super(PersistedTokenCache, self).modify(*args, **kwargs)
        self._collecting.save(self.serialize())


class TokenCache:
    """Belongs to one client at one authority; to be used under the lock of the state directory. Each commit
    takes `session` along, what was read until somebody knows better.
    """

    def __init__(self, path: Path, *, seal: Seal, client_id: str, authority: str) -> None:
        self._path = path
        self._seal = seal
        self._belongs_to = {"client_id": client_id, "authority": authority}
        self._collecting = _Collecting(path)
        self._saved = Remembered()
        self._saved_with: str | None = None
        self.session: Callable[[], Session] = lambda: self._saved.session

    def open(self, *, now: float) -> SetAside | None:
        """Read the file. What is damaged or foreign is renamed, and the cache is empty then.

        :raises CacheSealed: no key opens it; it is left as it is
        :raises OSError: it cannot be read or renamed
        """
        self._path.with_name("msal.lockfile").unlink(missing_ok=True)  # left by earlier versions
        self._saved, self.session = Remembered(), lambda: self._saved.session
        self._saved_with = self._seal.sealing_key_id
        aside = None
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            pass
        else:
            try:
                self._saved = envelope.from_bytes(self._content_of(raw))
            except (ValueError, KeyError, RecursionError) as error:
                aside = self._set_aside(str(error), now=now)
                self._saved_with = self._seal.sealing_key_id
        self.discard()
        return aside

    def look(self, raw: bytes | None = None) -> Remembered:
        """What the file holds, or a copy of it that is given, without touching anything.

        :raises CacheSealed, ValueError, OSError: no key opens it; it is damaged or foreign; it cannot be read
        """
        return envelope.from_bytes(self._content_of(self._path.read_bytes() if raw is None else raw))

    @property
    def account(self) -> Account | None:
        """Who is signed in, as of the last commit."""
        return self._saved.account

    @property
    def tokens(self) -> TokenSet:
        """The tokens last obtained, as of the last commit."""
        return self._saved.tokens

    @property
    def told_at(self) -> Anchor | None:
        """The clocks at the last commit: the tokens' instants go by its wall clock."""
        return self._saved.told_at

    @property
    def withdrawn(self) -> bool:
        """Whether the last account was given up, as of the last commit."""
        return self._saved.withdrawn

    @property
    def sealed_at_rest(self) -> bool:
        """Whether the file that was read is sealed."""
        return self._saved_with is not None

    @property
    def sealed_otherwise(self) -> bool:
        """Whether the file lies open although there is a key, or is sealed with another than the first."""
        return self._saved_with != self._seal.sealing_key_id

    def msal_cache(self) -> PersistedTokenCache:
        """The cache for MSAL to work on; its changes last only with `commit`."""
        return _Unlocked(self._collecting)

    @property
    def unsaved(self) -> str | None:
        """MSAL's part as it would be committed; None if it is as it was."""
        return None if self._collecting.content == self._saved.msal else self._collecting.content

    def discard(self, back_to: str | None = None) -> None:
        """Drop what MSAL changed since the last commit, or since `unsaved` was `back_to`."""
        self._collecting.content = self._saved.msal if back_to is None else back_to

    def make_room(self) -> None:
        """Write as much as a commit would, and remove it.

        :raises OSError: the directory is read-only or full
        """
        room = self._path.with_name(".room")
        try:
            room.write_bytes(b"x" * (self._path.stat().st_size + ROOM_BYTES))
        finally:
            room.unlink(missing_ok=True)

    def clear(self) -> None:
        """Empty MSAL's part; lasts with the next commit."""
        self._collecting.content = ""

    def commit(self, account: Account | None, tokens: TokenSet, *, at: Anchor | None = None) -> None:
        """Make MSAL's changes, the account and the tokens durable in one write; the tokens' instants are by
        the wall clock of `at`.

        :raises OSError: the directory is read-only or full; the file is as it was
        """
        msal, known = self._collecting.content, self.session()
        remembered = envelope.after(self._saved, msal, account, dict(tokens), at, known)
        content = envelope.to_bytes(remembered)
        key_id = self._seal.sealing_key_id
        header = {"format": FORMAT, "version": VERSION, **self._belongs_to, "key_id": key_id}
        line = json.dumps(header).encode() + b"\n"
        body = content if key_id is None else self._seal.seal(content, context=line)
        write_durably(self._path, line + body)
        self._saved = remembered
        self._saved_with = key_id

    def _content_of(self, raw: bytes) -> bytes:
        """The content behind a header of ours; ValueError if it is damaged or not ours."""
        line, newline, body = raw.partition(b"\n")
        header = json.loads(line) if newline else None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError("it is empty, cut or not a cache of this program")
        if header.get("version") != VERSION:
            raise NotForUs("it has another version")
        key_id = header.get("key_id")
        if key_id is None:
            content = body
        elif re.fullmatch("[0-9a-f]{8}", str(key_id)):
            content = self._open_sealed(body, str(key_id), line + newline)
        else:
            raise ValueError("it names no key")
        self._check_owner(header)
        self._saved_with = key_id
        return content

    def _open_sealed(self, body: bytes, key_id: str, context: bytes) -> bytes:
        content = self._seal.open(body, key_id=key_id, context=context)
        if content is None:
            given = ", ".join(self._seal.key_ids) or "none"
            raise CacheSealed(
                f"the cache {self._path} is sealed with key {key_id}, which is not among the keys "
                f"given ({given}); it is left as it is",
                advice=("Add the old key as a further line of" if self._seal.key_ids else "Set")
                + " SIDECAR_CACHE_KEY_FILE; or, to give up the sign-in that it holds, remove the file.",
            )
        return content

    def _check_owner(self, header: dict[str, object]) -> None:
        for name, value in self._belongs_to.items():
            if header.get(name) != value:
                raise NotForUs(f"it belongs to another {name}, {header.get(name)}, not to {value}")

    def _set_aside(self, reason: str, *, now: float) -> SetAside:
        names = (f"{self._path.name}.damaged-{int(now) + n}" for n in itertools.count())
        aside = next(path for path in map(self._path.with_name, names) if not os.path.lexists(path))
        self._path.rename(aside)  # which would replace what was set aside a moment ago
        aside.chmod(0o600)
        return SetAside(reason, aside)
