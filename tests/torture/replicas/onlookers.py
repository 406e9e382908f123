"""Apps and a keeper of the key, who look all the time at what the replicas write."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sidecar.adapters.sealing import Sealer, read_keys
from sidecar.adapters.token_cache import TokenCache
from sidecar.errors import CacheSealed
from tests.end_to_end.pod import Pod
from tests.torture import figures
from tests.torture.contention.reader import read
from tests.torture.replicas import SUITE

PAUSE_SECONDS = 0.02
Content = Mapping[str, bytes]


class Onlookers:
    """A thread over the token directories of the present `pods`, a token Secret, and a state Secret.

    A context manager. Nothing published yet is no fault: a pod may be new, a Secret emptied a moment ago by
    somebody else (`forgiving` says whether that has to be forgiven). `ends_on` tells when a token really
    ends, where the clock of who wrote it may be wrong.
    """

    def __init__(
        self,
        *,
        pods: Callable[[], Sequence[Pod]],
        token_secret: Callable[[], Content | None],
        state_opens: Callable[[], str | None],
        ends_on: Callable[[str], float] | None = None,
        forgiving: bool = False,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.reads = 0
        self.bad: list[str] = []
        self.tokens: set[str] = set()
        self._pods = pods
        self._token_secret = token_secret
        self._state_opens = state_opens
        self._ends_on = ends_on
        self._forgiving = forgiving
        self._pause = pause_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Onlookers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(self._pause):
            for pod in self._pods():
                self._directory(pod)
            self._secret(self._token_secret())
            if wrong := self._state_opens():
                self.bad.append(f"state Secret: {wrong}")

    def _directory(self, pod: Pod) -> None:
        if not (pod.tokens / "token").exists():
            return
        self.reads += 1
        off = float(pod.settings.get("WRONG_BY_SECONDS", "0"))
        try:
            token, left = read(pod)
        except (OSError, ValueError, KeyError) as error:
            self.bad.append(f"directory of {pod.settings['SIDECAR_POD']}: {error!r}")
            return
        self._judge(token, left - off, "directory")

    def _secret(self, content: Content | None) -> None:
        if content is None or not content.get("token"):
            if not self._forgiving:
                self.bad.append("token Secret: gone or empty")
            return
        self.reads += 1
        try:
            token, document = content["token"].decode(), json.loads(content["token.json"])
            whole = document["access_token"] == token
            whole = whole and content["expires_on"] == b"%d\n" % document["expires_on"]
        except (ValueError, KeyError) as error:
            if not self._forgiving:
                self.bad.append(f"token Secret: {error!r}")
            return
        if not whole:
            if not self._forgiving:
                self.bad.append("token Secret: its keys differ")
            return
        self._judge(token, document["expires_on"] - time.time(), "token Secret")

    def _judge(self, token: str, left: float, where: str) -> None:
        self.tokens.add(token)
        if self._ends_on is not None:
            left = self._ends_on(token) - time.time()
        if left <= 0:
            self.bad.append(f"{where}: expired")

    def report(self, issued: set[str]) -> list[str]:
        """What was wrong, counted; a token that was never issued is a torn one."""
        torn = len(self.tokens - issued)
        figures.count(SUITE, "reads of token directories and token Secrets", self.reads)
        figures.count(SUITE, "of these torn, missing or expired", torn + len(self.bad))
        return [f"{words} ({times} times)" for words, times in Counter(self.bad).items()] + ["torn"] * torn


class StateKeeper:
    """Opens each new content of a state Secret with the key; what it says is wrong, or None."""

    def __init__(
        self, state: Callable[[], Content | None], *, key: str, key_file: Path, client_id: str, authority: str
    ) -> None:
        """`key` is where the Secret has the cache."""
        self.opened = 0
        self._state = state
        self._key = key
        self._file = key_file.with_name("state-seen")
        self._last = b""
        self._cache = TokenCache(
            self._file, seal=Sealer(read_keys(key_file)), client_id=client_id, authority=authority
        )

    def __call__(self) -> str | None:
        """Look once."""
        content = (self._state() or {}).get(self._key, b"")
        if not content or content == self._last:
            return None
        self._last = content
        self._file.write_bytes(content)
        try:
            remembered = self._cache.look()
        except (CacheSealed, ValueError, KeyError) as error:
            return f"does not open: {error!r}"
        self.opened += 1
        return None if remembered.account else "nobody is signed in"
