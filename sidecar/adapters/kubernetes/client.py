"""A `ClusterApi` by lightkube.

Its generic resources are used, which are dictionaries: models would drop fields of servers newer than
themselves when an object is written back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from lightkube import Client
from lightkube.generic_resource import create_global_resource, create_namespaced_resource

from sidecar.adapters.kubernetes.connection import Connection
from sidecar.adapters.kubernetes.trouble import meaning
from sidecar.core.kubernetes import documents
from sidecar.core.kubernetes.documents import NotAnObject, Raw
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import EventNote, Lease, Rule, Secret
from sidecar.core.kubernetes.refusals import subject
from sidecar.errors import ClusterConflict

T = TypeVar("T")

SECRET: Any = create_namespaced_resource("", "v1", "Secret", "secrets")
LEASE: Any = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")
EVENT: Any = create_namespaced_resource("events.k8s.io", "v1", "Event", "events")
REVIEW: Any = create_global_resource(
    "authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"
)


class LightkubeApi:
    """For one turn: all requests share a `Connection`, which says what is tried again and how long it
    takes.
    """

    def __init__(
        self,
        *,
        server: str,
        account_dir: Path,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`server` is its URL; in `account_dir` are the token and the authority that the kubelet mounts."""
        self._connection = Connection(server, account_dir, sleep=sleep)
        self._now = now
        self._as_read: dict[tuple[str, ObjectName], Raw] = {}

    def secret(self, name: ObjectName) -> Secret:
        """Read it."""
        return self._read(SECRET, name, documents.secret_of)

    def replace_secret(self, secret: Secret) -> Secret:
        """Write it over the object as it was read."""
        return self._replace(
            SECRET,
            secret.name,
            secret.version,
            make=lambda raw: documents.with_secret(raw, secret),
            view=documents.secret_of,
            written=lambda found: (
                (found.data, found.labels, found.annotations)
                == (secret.data, secret.labels, secret.annotations)
            ),
            sent=[*documents.texts_of(secret), *self._texts_read(secret.name)],
        )

    def lease(self, name: ObjectName) -> Lease:
        """Read it."""
        return self._read(LEASE, name, documents.lease_of)

    def replace_lease(self, lease: Lease) -> Lease:
        """Write it over the object as it was read."""
        return self._replace(
            LEASE,
            lease.name,
            lease.version,
            make=lambda raw: documents.with_lease(raw, lease),
            view=documents.lease_of,
            written=lambda found: (
                (found.holder, found.renewed_on) == (lease.holder, _to_the_microsecond(lease))
            ),
        )

    def create_event(self, note: EventNote) -> None:
        """Tell of something."""
        content = documents.event_of(note, now=self._now(), unique=secrets.token_hex(8))
        rule = Rule(note.pod.namespace, "events.k8s.io", "events", "create")
        try:
            self._connection.ask(rule, lambda client: client.create(EVENT(content)))
        except ClusterConflict:
            return  # nobody else makes this name: the first try had arrived

    def may(self, rule: Rule) -> bool:
        """Whether RBAC allows it to us."""
        asking = Rule(rule.namespace, "authorization.k8s.io", "selfsubjectaccessreviews", "create")
        review = REVIEW(documents.review_of(rule))
        answer: Any = self._connection.ask(asking, lambda client: client.create(review))
        status = answer.get("status")
        return isinstance(status, dict) and status.get("allowed") is True

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _read(self, kind: Any, name: ObjectName, view: Callable[[Raw, ObjectName], T]) -> T:
        rule = _rule(kind, name, "get")
        raw = self._connection.ask(rule, lambda client: client.get(kind, name.name, namespace=name.namespace))
        return self._seen(kind, name, raw, view, rule)

    def _replace(
        self,
        kind: Any,
        name: ObjectName,
        version: str,
        *,
        make: Callable[[Raw], Raw],
        view: Callable[[Raw, ObjectName], T],
        written: Callable[[T], bool],
        sent: Collection[str] = (),
    ) -> T:
        """Nobody's write is lost: what was read in another version is a conflict without asking. A conflict
        after a lost answer may be with ourselves, which looking again shows.
        """
        if (kind.__name__, name) not in self._as_read:
            self._read(kind, name, view)
        before = self._as_read[kind.__name__, name]
        rule = _rule(kind, name, "update")
        if before["metadata"]["resourceVersion"] != version:
            raise ClusterConflict(
                f"{subject(rule)} was read in another version since", advice="It is read and tried again."
            )
        tries = 0

        def put(client: Client) -> Any:
            nonlocal tries
            tries += 1
            return client.replace(kind(make(before)))

        try:
            raw = self._connection.ask(rule, put, sent=sent)
        except ClusterConflict:
            if tries > 1 and written(found := self._read(kind, name, view)):
                return found
            raise
        return self._seen(kind, name, raw, view, rule)

    def _texts_read(self, name: ObjectName) -> list[str]:
        """What is replaced may be quoted as well, and still be valid."""
        raw = self._as_read.get((SECRET.__name__, name))
        return [] if raw is None else documents.texts_of(documents.secret_of(raw, name))

    def _seen(
        self, kind: Any, name: ObjectName, raw: Any, view: Callable[[Raw, ObjectName], T], rule: Rule
    ) -> T:
        try:
            seen = view(raw, name)
        except NotAnObject as error:
            raise meaning(error, rule, server=self._connection.server) from None
        self._as_read[kind.__name__, name] = dict(raw)
        return seen


def _rule(kind: Any, name: ObjectName, verb: str) -> Rule:
    api = kind._api_info
    return Rule(name.namespace, api.resource.group, api.plural, verb, name.name)


def _to_the_microsecond(lease: Lease) -> float | None:
    return None if lease.renewed_on is None else round(lease.renewed_on * 1_000_000) / 1_000_000
