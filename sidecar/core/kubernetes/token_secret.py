"""What a Secret that apps mount says, and when it has to be written.

Its keys are the files of a generation with `.` for `/`, its values are theirs, byte for byte. Rules:

- All keys in one write, and none is ever taken away: one that a mount names and that is missing stops every
  update of that volume (measured with kubelet 1.34).
- Keys that we did not write stay as they are.
- A key of ours that is no longer wanted keeps its value while it is the same person's: that ends by itself.
  Where another person signed in, or the tokens are withdrawn, it is emptied.
- The first publication claims the Secret; one that somebody else has claimed is left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sidecar.core.formats import FILES, FORMATS, Document, files_of
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Secret
from sidecar.core.published import instant
from sidecar.core.token import UNNAMED
from sidecar.errors import SecretNotOurs

NAME = "entra-token-sidecar"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = f"{NAME}/owner"
KEYS = f"{NAME}/keys"
"""The keys that were ever written, separated by spaces."""

EXPIRES_ON = f"{NAME}/expires-on"
"""Of the first token to expire."""

TOKENS = f"{NAME}/tokens"
"""When each of them does: `token=2026-01-31T14:05:00Z graph=…`."""

PUBLISHED_ON = f"{NAME}/published-on"
USERNAME = f"{NAME}/username"
OBJECT_ID = f"{NAME}/object-id"
WITHDRAWN_ON = f"{NAME}/withdrawn-on"
WITHDRAWN = f"{NAME}/withdrawn"
"""Digests of the tokens that were: no replica that has not heard of it brings them back."""

Keys = Collection[str]

_LATEST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Edition:
    """One generation, as a Secret says it. `left_out` are paths whose key another file has."""

    data: Mapping[str, bytes] = field(repr=False)
    documents: Mapping[str, Document] = field(repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def person(self) -> str:
        """Whose tokens they are."""
        return _person(next(iter(self.documents.values()), {}))

    @property
    def expiries(self) -> dict[str, int]:
        """By token name; 0 for a damaged document."""
        return {name: _expiry(document) for name, document in self.documents.items()}


def key_of(path: str) -> str:
    """`graph/token` is `graph.token`; names of tokens and templates hold nothing that a key may not."""
    return path.replace("/", ".")


def keys_of_tokens(names: Collection[str]) -> set[str]:
    """Every key that the files of these tokens may have."""
    return {key_of(_path(name, file)) for name in names if name != UNNAMED for file in (*FILES, *FORMATS)}


def owner_of(state_secret: ObjectName | None, *, client_id: str, authority: str) -> str:
    """Who claims a Secret: all replicas of one sidecar, and nobody else."""
    return f"state of {state_secret}" if state_secret else f"{client_id} at {authority}"


def edition_of(contents: Mapping[str, str]) -> Edition:
    """`contents` by path. Where two files have one key, that of a token is taken."""
    data: dict[str, bytes] = {}
    left_out = []
    documents = {}
    for path in sorted(contents, key=lambda path: ("/" not in path, path)):
        key = key_of(path)
        if key in data:
            left_out.append(path)
            continue
        data[key] = contents[path].encode()
        if path.rpartition("/")[2] == "token.json":
            documents[path.rpartition("/")[0]] = _document(data[key])
    return Edition(data, documents, tuple(left_out))


def written(
    secret: Secret, edition: Edition, *, owner: str, now: float, ours: Keys = (), withdrawn: Keys = ()
) -> Secret | None:
    """The Secret with this edition; None if it is as it should be. `ours` are keys that we wrote, even if the
    Secret does not say so. The withdrawal of `withdrawn` is owed: they are emptied, unless they are written.

    :raises SecretNotOurs: another sidecar publishes to it
    """
    _claim(secret, owner)
    known = {*secret.annotations.get(KEYS, "").split(), *(key for key in ours if key in secret.data)}
    data = dict(secret.data)
    if secret.annotations.get(OBJECT_ID) != edition.person:
        withdrawn = {*known, *withdrawn}
    data |= {key: _emptied(key) for key in withdrawn if key in data}
    data |= edition.data
    expiries = edition.expiries
    gone = {WITHDRAWN_ON, WITHDRAWN}
    annotations = {
        **{key: text for key, text in secret.annotations.items() if key not in gone},
        OWNER: owner,
        KEYS: " ".join(sorted({*known, *edition.data})),
        EXPIRES_ON: _rfc3339(min(expiries.values(), default=0)),
        TOKENS: " ".join(f"{name or 'token'}={_rfc3339(expiry)}" for name, expiry in expiries.items()),
        USERNAME: str(next(iter(edition.documents.values()), {}).get("username") or ""),
        OBJECT_ID: edition.person,
    }
    labels = {MANAGED_BY: NAME, **secret.labels}
    if (data, annotations, labels) == (dict(secret.data), dict(secret.annotations), dict(secret.labels)):
        return None
    annotations[PUBLISHED_ON] = _rfc3339(now)
    return replace(secret, data=data, annotations=annotations, labels=labels)


def emptied(
    secret: Secret, *, owner: str, now: float, keys: Collection[str] = (), person: str | None = None
) -> Secret | None:
    """The Secret without its tokens: every key stays, and those of ours are empty (`expires_on` is 0). None
    if it is so already, or has nothing of ours. `keys` are ours even if the Secret does not say so; `person`
    is whose tokens are withdrawn, if that is known: another replica may have published somebody else's since.
    """
    others = person is not None and secret.annotations.get(OBJECT_ID, person) != person
    if others or secret.annotations.get(OWNER, owner) != owner:
        return None
    ours = {*secret.annotations.get(KEYS, "").split(), *keys}
    data = {**secret.data, **{key: _emptied(key) for key in ours if key in secret.data}}
    if data == dict(secret.data):
        return None
    told = {EXPIRES_ON, TOKENS, USERNAME}
    annotations = {key: text for key, text in secret.annotations.items() if key not in told}
    documents = [_document(text) for key, text in secret.data.items() if key.endswith("token.json")]
    digests = {_digest(document) for document in documents if document}
    annotations[WITHDRAWN] = " ".join(sorted({*annotations.get(WITHDRAWN, "").split(), *digests}))
    return replace(secret, data=data, annotations={**annotations, WITHDRAWN_ON: _rfc3339(now)})


def overtaken(secret: Secret, edition: Edition, *, known: str | None, now: float) -> bool:
    """Whether the Secret has what may be newer than this edition: a token of it was withdrawn, or there is a
    live one of the same person that lives longer, or of somebody else than `known`, whose tokens we have last
    seen to it that it has. For a replica that cannot be sure that it is up to date.

    The same tokens with an earlier end count as well: the clocks of two nodes may differ, and replicas that
    correct each other would write without end.
    """
    withdrawn = secret.annotations.get(WITHDRAWN, "").split()
    for name, document in edition.documents.items():
        there = _document(secret.data.get(key_of(_path(name, "token.json")), b""))
        if _digest(document) in withdrawn:
            return True
        if _digest(there) == _digest(document) or _expiry(there) <= now:
            continue
        person = _person(there)
        if _expiry(there) > _expiry(document) if person == edition.person else person != known:
            return True
    return _ends_sooner(secret, edition)


def _ends_sooner(secret: Secret, edition: Edition) -> bool:
    """Whether its files are of the same tokens, agree with each other, and say an earlier end of some and a
    later one of none.
    """
    keys = {name: key_of(_path(name, "token.json")) for name in edition.documents}
    there = {name: _document(secret.data.get(key, b"")) for name, key in keys.items()}
    ends = [(_expiry(there[name]), expiry) for name, expiry in edition.expiries.items()]
    if (
        news(secret, edition)
        or all(end >= ours for end, ours in ends)
        or any(end > ours for end, ours in ends)
    ):
        return False
    told = {key_of(path): text.encode() for path, text in files_of(there, FORMATS).items()}
    return all(secret.data.get(key) == told[key] for key in told.keys() & edition.data.keys())


def news(secret: Secret, edition: Edition) -> dict[str, int]:
    """When the tokens of the edition end that the Secret does not have, by name."""
    return {
        name: expiry
        for name, expiry in edition.expiries.items()
        if _digest(_document(secret.data.get(key_of(_path(name, "token.json")), b"")))
        != _digest(edition.documents[name])
    }


def first_expiry(secret: Secret, names: Collection[str]) -> int:
    """When the first token ends that readers of the Secret have and probes ask about: the unnamed one if it
    is of `names`, else each of them that was ever published. 0 if there is none.
    """
    judged = [UNNAMED] if UNNAMED in names else list(names)
    known = secret.annotations.get(KEYS, "").split()
    keys = [key_of(_path(name, "token.json")) for name in judged]
    # The manifests may have made it empty, for a token that was never obtained.
    texts = [secret.data.get(key, b"") for key in keys if key in known or secret.data.get(key)]
    return min((_expiry(_document(text)) for text in texts), default=0)


def _claim(secret: Secret, owner: str) -> None:
    other = secret.annotations.get(OWNER, owner)
    if other != owner:
        name = secret.name
        raise SecretNotOurs(
            f"{name} belongs to another sidecar ({other[:200]}); it was left as it is",
            advice="Name another Secret in SIDECAR_PUBLISH_SECRET. If that sidecar is no more, or is this "
            "one with other settings, set the Secret free: "
            f"kubectl annotate secret --namespace {name.namespace} {name.name} {OWNER}-",
        )


def _path(name: str, file: str) -> str:
    return file if name == UNNAMED else f"{name}/{file}"


def _emptied(key: str) -> bytes:
    return b"0\n" if key.rpartition(".")[2] == "expires_on" else b""


def _document(text: bytes) -> Document:
    """Empty if it is none: a Secret can be edited by anybody who may."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _digest(document: Document) -> str:
    """Of its token, which nobody finds out from that."""
    return hashlib.sha256(str(document.get("access_token")).encode()).hexdigest()[:16]


def _person(document: Document) -> str:
    return str(document.get("object_id") or document.get("username") or "")


def _expiry(document: Document) -> int:
    return max(instant(document.get("expires_on")) or 0, 0)


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(min(moment, _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
