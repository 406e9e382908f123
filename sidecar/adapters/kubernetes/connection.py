"""One connection to the API server for a turn: what is tried again, and what is not asked for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import httpx2
import msgspec
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from sidecar.adapters.kubernetes.transport import REQUEST_SECONDS, Bounded
from sidecar.adapters.kubernetes.trouble import Unreadable, meaning
from sidecar.core.kubernetes.documents import CONTROLLER
from sidecar.core.kubernetes.objects import Rule
from sidecar.errors import ClusterBusy, ClusterError, ClusterUnreachable

T = TypeVar("T")

AGAIN_SECONDS = 0.5
SHORT_SECONDS = 2
"""A server that asks for a longer pause is left to the next turn."""

REST_SECONDS = 5.0
"""For so long a server that did not answer is not asked again: several Secrets would each wait for it."""

FAILURES = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    msgspec.MsgspecError,
    ConfigError,
    Unreadable,
    OSError,
    RecursionError,
    KeyError,
    TypeError,
    ValueError,
)
"""What lightkube and what lies below it raise when an answer is bad or does not come."""

LOST = ("ConnectError", "ReadError", "WriteError", "RemoteProtocolError")


class Connection:
    """Made with the first request.

    A request that finds no server ends after 5 s, one that is answered badly after 10 s; the others within
    the next 5 s then fail at once. A lost connection and a 5xx are tried once more, half a second later. The
    ServiceAccount's token is read again when the server does not accept it: the kubelet has renewed the file
    by then.
    """

    def __init__(self, server: str, account_dir: Path, *, sleep: Callable[[float], None]) -> None:
        """`server` is its URL; in `account_dir` are the token and the authority that the kubelet mounts."""
        self.server = server
        self._account_dir = account_dir
        self._sleep = sleep
        self._connected: Client | None = None
        self._silent: tuple[float, ClusterUnreachable] | None = None
        self._tokens: set[str] = set()

    def ask(self, rule: Rule, call: Callable[[Client], T], *, sent: Collection[str] = ()) -> T:
        """Call, and once more if that may well help.

        :raises ClusterError: what is worth knowing of the failure
        """
        if self._silent is not None and time.monotonic() < self._silent[0]:
            known = self._silent[1]
            raise ClusterUnreachable(known.message, advice=known.advice, **known.fields)

        def once() -> T:
            try:
                return call(self._client())
            except FAILURES as error:
                # Not chained: the client's errors hold requests and answers.
                self._tokens.add(self._token())
                failure = meaning(error, rule, server=self.server, sent=[*sent, *self._tokens])
            raise failure

        try:
            answer = Retrying(
                retry=retry_if_exception(_passes_soon),
                stop=stop_after_attempt(2),
                wait=wait_fixed(AGAIN_SECONDS),
                sleep=self._sleep,
                reraise=True,
            )(once)
        except ClusterUnreachable as error:
            self._silent = (time.monotonic() + REST_SECONDS, error)
            raise
        self._silent = None
        return answer

    def close(self) -> None:
        """End it."""
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _client(self) -> Client:
        if self._connected is None:
            ca_file, token_file = self._account_dir / "ca.crt", self._account_dir / "token"
            try:
                transport = Bounded(ca_file)
            except OSError as error:
                raise Unreadable from error
            # lightkube tells of a missing one alone, and sends whatever is in it.
            if not (token := self._token()):
                raise Unreadable
            self._tokens.add(token)
            config = KubeConfig.from_dict(
                {
                    "current-context": "pod",
                    "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
                    "clusters": [
                        {
                            "name": "pod",
                            "cluster": {"server": self.server, "certificate-authority": str(ca_file)},
                        }
                    ],
                    "users": [{"name": "pod", "user": {"tokenFile": str(token_file)}}],
                }
            )
            self._connected = Client(
                config,
                timeout=httpx2.Timeout(REQUEST_SECONDS),
                field_manager=CONTROLLER,
                trust_env=False,
                transport=transport,
            )
        return self._connected

    def _token(self) -> str:
        """The ServiceAccount's; empty if it cannot be read, or sent in a header."""
        try:
            token = (self._account_dir / "token").read_text("ascii").strip()
        except (OSError, ValueError):
            return ""
        return token if token.isprintable() else ""


def _passes_soon(error: BaseException) -> bool:
    """A server that is silent has had its time; one that is restarted, or one of several, answers again."""
    if isinstance(error, ClusterBusy):
        return error.fields.get("cause") != "http 429" and _asks_for_little(error)
    return isinstance(error, ClusterUnreachable) and error.fields.get("cause") in LOST


def _asks_for_little(error: ClusterError) -> bool:
    return error.pause_seconds <= SHORT_SECONDS or error.pause_seconds == type(error).pause_seconds
