"""The Secret with the shared state: what it holds, and whether that is of use."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from sidecar.core.envelope import NotForUs, Remembered
from sidecar.core.kubernetes import shared_copy
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import ClusterApi, Secret
from sidecar.core.kubernetes.shared_copy import NO_COPY, Copy
from sidecar.errors import CacheSealed, ObjectMissing, SecretNotOurs, StateSealed


class StateSecret:
    """As of the last `read`: `missing` is why there is none; `damaged` what was in it and is of no use to
    anybody.
    """

    def __init__(
        self,
        *,
        api: ClusterApi,
        name: ObjectName,
        look: Callable[[bytes], Remembered],
        beat: Callable[[], None],
    ) -> None:
        self._api = api
        self._name = name
        self._look = look
        self._beat = beat
        self._secret: Secret | None = None
        self._copy: Copy | None = None
        self.missing: ObjectMissing | None = None
        self.damaged: bytes | None = None

    def read(self, *, known: str | None = None) -> Copy:
        """Read it. A content with the digest `known` was looked at before.

        :raises StateSealed: no key opens it
        :raises SecretNotOurs: it is another client's, or of a later version
        :raises ClusterError: it cannot be read
        """
        self.forget()
        self._beat()
        try:
            secret = self._api.secret(self._name)
        except ObjectMissing as missing:
            self.missing = missing
            self._copy = NO_COPY
            return NO_COPY
        copy = shared_copy.copy_in(secret)
        if copy.content is not None and copy.digest != known and not self._sound(copy.content):
            self.damaged = copy.content
            copy = replace(copy, content=None)
        self._secret, self._copy = secret, copy
        return copy

    @property
    def serial(self) -> int:
        """Of a state that is of use; 0 as long as none is known."""
        return self._copy.serial if self._copy is not None and self._copy.content is not None else 0

    def present(self) -> Copy:
        """What is known of it; read if nothing is."""
        return self.read() if self._copy is None else self._copy

    def forget(self) -> None:
        """Nothing is known of it."""
        self._secret = self._copy = self.missing = self.damaged = None

    def is_as_read(self) -> bool:
        """Whether nobody has written it since.

        :raises ClusterError: it cannot be read
        """
        self._beat()
        try:
            present = self._api.secret(self._name)
        except ObjectMissing:
            return self._secret is None
        return self._secret is not None and present.version == self._secret.version

    def opened(self, copy: Copy) -> Remembered:
        """What is in it."""
        assert copy.content is not None, "empty"
        return self._look(copy.content)

    def write(self, content: bytes, *, serial: int, by: str, now: float) -> None:
        """Replace what it holds.

        :raises ClusterConflict: somebody has written it since it was read
        :raises ClusterError: it was not written, or nobody knows
        """
        assert self._secret is not None, "not read, or not there"
        wanted = shared_copy.secret_with(self._secret, content, serial=serial, by=by, now=now)
        self._secret = self._copy = None  # nobody knows what came of a write that fails
        self._secret = self._api.replace_secret(wanted)
        self._copy = shared_copy.copy_in(self._secret)
        self.damaged = None

    def _sound(self, content: bytes) -> bool:
        try:
            self._look(content)
            sealed_with = json.loads(content.partition(b"\n")[0])["key_id"]
        except CacheSealed as sealed:
            error = StateSealed(
                f"the state in the Secret {self._name} is sealed with a key that is not among those given; "
                "it is left as it is",
                advice="Add the key to SIDECAR_CACHE_KEY_FILE; when it is being rolled out, this passes by "
                "itself. To give up the sign-in that it holds, empty the Secret: "
                f"kubectl -n {self._name.namespace} patch secret {self._name.name} --type=json "
                """-p='[{"op":"remove","path":"/data"}]'""",
            )
            error.pause_seconds = 60
            raise error from sealed
        except NotForUs as foreign:
            refusal = SecretNotOurs(
                f"the state in the Secret {self._name} is not for these settings: {foreign}",
                advice="Each sign-in has a SIDECAR_STATE_SECRET of its own. To give up the one that it "
                f"holds, empty the Secret: kubectl -n {self._name.namespace} patch secret {self._name.name} "
                """--type=json -p='[{"op":"remove","path":"/data"}]'""",
            )
            refusal.pause_seconds = 60
            raise refusal from foreign
        except (ValueError, KeyError, RecursionError):
            return False
        return sealed_with is not None  # else it is of somebody without a key
