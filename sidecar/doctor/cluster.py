"""The checks of one sign-in for many pods: the Kubernetes API, what it allows, and the objects there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sidecar.adapters.sealing import Sealer, read_keys
from sidecar.adapters.token_cache import TokenCache
from sidecar.core.checkup import Check, Outcome
from sidecar.core.envelope import NotForUs
from sidecar.core.kubernetes.access import account_in
from sidecar.core.kubernetes.judgement import (
    Found,
    expiries_of,
    judge_lease,
    judge_owner,
    judge_rules,
    judge_state,
    judge_token_secret,
    judge_unwanted,
    together,
)
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import ClusterApi, Secret
from sidecar.core.kubernetes.rules import rules_needed, rules_unwanted
from sidecar.core.kubernetes.shared_copy import copy_in
from sidecar.core.kubernetes.token_secret import owner_of
from sidecar.doctor.skipped import Skipped
from sidecar.errors import CacheSealed, ClusterError, ClusterForbidden, SidecarError
from sidecar.posix.clock import Clock
from sidecar.settings import Settings

SETTINGS = (
    "SIDECAR_PUBLISH_SECRET",
    "SIDECAR_STATE_SECRET",
    "SIDECAR_POD",
    "SIDECAR_SERVICE_ACCOUNT_DIR",
)
NOT_SET = f"none of {', '.join(SETTINGS[:3])} is set"

NOT_ALLOWED = "http 403"
"""The cause of a refusal to somebody whom the server knows."""

SEALED_FIX = (
    "Mount the key that sealed it; after a change of keys the old one stays as a further line until every "
    "replica has the new one."
)
DAMAGED_FIX = "The next turn writes it again from the copy in the state directory, if there is one."
OTHERS_FIX = "Name a Secret of its own in SIDECAR_STATE_SECRET, or set client and authority as they were."


class Server(Protocol):
    """The API server, not asked yet."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    def connect(self) -> ClusterApi:
        """A client for it."""
        ...


class ClusterChecks:
    """Nothing is written; where the API cannot be reached the other checks are left out."""

    def __init__(
        self, settings: Settings, *, wrong: set[str], server: Callable[[], Server | None], clock: Clock
    ) -> None:
        """`server` is None if no setting asks for one."""
        self._settings = settings
        self._wrong = wrong
        self._find = server
        self._clock = clock
        self._reached = False
        self._not_told: SidecarError | None = None
        publish, state = settings.publish_secret, settings.state_secret
        self._needed = rules_needed(publish=publish, state=state, pod=settings.pod)
        self._unwanted = rules_unwanted(publish=publish, state=state)

    def checks(self) -> Mapping[str, Callable[[], Check]]:
        """By name, each with what it needs."""
        return {
            "cluster": self.cluster,
            "cluster_rules": self.rules,
            "cluster_excess": self.excess,
            "state_secret": self.state_secret,
            "token_secrets": self.token_secrets,
        }

    def cluster(self) -> Check:
        """The client is there, and the API server answers us. Whoever is let in may ask what they may do."""
        for setting in SETTINGS:
            if setting in self._wrong:
                raise Skipped(f"{setting} is wrong")
        if not self._needed:
            raise Skipped(NOT_SET)
        try:
            self._api.may(self._needed[0])
        except ClusterForbidden as error:
            if error.fields.get("cause") != NOT_ALLOWED:
                raise
            self._not_told = error
        self._reached = True
        url = self._server.url
        return Check("cluster", Outcome.PASS, f"{url} answers, and takes the ServiceAccount's token")

    def rules(self) -> Check:
        """What is needed is allowed."""
        self._need_answers()
        missing = [rule for rule in self._needed if not self._api.may(rule)]
        return judge_rules(self._needed, missing, self._account())

    def _account(self) -> str | None:
        try:
            return account_in((self._settings.service_account_dir / "token").read_text())
        except (OSError, ValueError):
            return None

    def excess(self) -> Check:
        """What is not needed is not allowed."""
        self._need_answers()
        return judge_unwanted(self._unwanted, [rule for rule in self._unwanted if self._api.may(rule)])

    def state_secret(self) -> Check:
        """There, and to be opened; and its Lease."""
        self._need_cluster()
        name = self._settings.state_secret
        if name is None:
            raise Skipped("SIDECAR_STATE_SECRET is not set")
        found = _tried(lambda: self._shared(self._api.secret(name)))
        found += _tried(lambda: [judge_lease(self._api.lease(name))])
        return together("state_secret", found)

    def token_secrets(self) -> Check:
        """Each there, ours, and live."""
        self._need_cluster()
        names = self._settings.publish_secret
        if not names:
            raise Skipped("SIDECAR_PUBLISH_SECRET is not set")
        return together("token_secrets", [each for name in names for each in self._published(name)])

    def _shared(self, secret: Secret) -> list[Found]:
        name, raw = secret.name, copy_in(secret).content
        if raw is None:
            return [Found(Outcome.PASS, f"{name} is there, and nobody has signed in yet")]
        settings = self._settings
        if "SIDECAR_CACHE_KEY_FILE" in self._wrong or settings.cache_key_file is None:
            return [Found(Outcome.SKIP, f"{name} is there; there is no key to open it")]
        if not settings.client_id:
            return [Found(Outcome.SKIP, f"{name} is there; AZURE_CLIENT_ID is missing or wrong")]
        cache = TokenCache(
            Path(str(name)),
            seal=Sealer(read_keys(settings.cache_key_file)),
            client_id=settings.client_id,
            authority=settings.authority_url,
        )
        try:
            remembered = cache.look(raw)
        except CacheSealed as error:
            return [Found(Outcome.FAIL, error.message, SEALED_FIX)]
        except NotForUs as error:
            return [Found(Outcome.FAIL, f"{name} is not this sidecar's: {error}", OTHERS_FIX)]
        except (ValueError, KeyError, RecursionError) as error:
            return [Found(Outcome.WARN, f"{name} cannot be used: {error}", DAMAGED_FIX)]
        lives = {token_name: token.life_seconds for token_name, token in remembered.tokens.items()}
        return judge_state(name, remembered.account, lives, carried=bool(settings.publish_secret))

    def _published(self, name: ObjectName) -> list[Found]:
        now, settings = self._clock.now(), self._settings
        owner = owner_of(
            settings.state_secret, client_id=settings.client_id, authority=settings.authority.url
        )

        def look() -> list[Found]:
            secret = self._api.secret(name)
            if others := judge_owner(secret, owner):
                return [others]
            expiries = expiries_of(secret.data)
            lives = {token: int(expires_on - now) for token, expires_on in expiries.items()}
            return [judge_token_secret(name, lives)]

        return _tried(look)

    def _need_cluster(self) -> None:
        if not self._needed:
            raise Skipped(NOT_SET)
        if not self._reached:
            raise Skipped("cluster was not reached")

    def _need_answers(self) -> None:
        self._need_cluster()
        if self._not_told is not None:
            raise Skipped(f"the API does not say what is allowed: {self._not_told.message}")

    @cached_property
    def _server(self) -> Server:
        server = self._find()
        if server is None:
            raise Skipped(NOT_SET)
        return server

    @cached_property
    def _api(self) -> ClusterApi:
        return self._server.connect()


def _tried(look: Callable[[], list[Found]]) -> list[Found]:
    """What was found, or what went wrong with this one object."""
    try:
        return look()
    except ClusterError as error:
        return [Found(Outcome.FAIL, error.message, error.advice)]
