"""A stand-in for the Kubernetes API server, over HTTPS and for processes: Secrets, Leases, Events and the
question what one may do, as this program uses them, with faults on demand.

The manifests and the arrangement as a whole are tested with the real one, in tests/kubernetes. What is here
was written beside it: conflicts, messages, limits, and that a write without a change makes no new version.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sidecar.core.kubernetes.objects import Rule
from tests.emulator.ca import CertificateAuthority
from tests.kubernetes_api import answers
from tests.kubernetes_api.answers import Refused
from tests.kubernetes_api.listener import Listener
from tests.kubernetes_api.store import Store

ACCOUNT = "system:serviceaccount:entra:entra-shared"
VERBS = {"GET": "get", "PUT": "update", "POST": "create", "PATCH": "patch", "DELETE": "delete"}
REVIEWS = "selfsubjectaccessreviews"


@dataclass(frozen=True)
class Fault:
    """What befalls requests that `verb`, `resource` and `name` match (None: all), `times` times; None: until
    cleared.

    `kind`: "status" (`code`, with Retry-After if given), "hang", "reset" (nothing was done), "lost" (it was
    done, and the connection reset before the answer), "html" (200 of somebody else), "nonsense" (200, JSON of
    something else), "slow" (`seconds` before the answer).
    """

    kind: str
    code: int = 503
    retry_after: str | None = None
    message: str = "the server is currently unable to handle the request"
    verb: str | None = None
    resource: str | None = None
    name: str | None = None
    seconds: float = 0.0
    times: int | None = 1


@dataclass(frozen=True)
class Asked:
    """One request, in order of arrival; `code` 0 while there is no answer, or was none."""

    rule: Rule
    code: int
    field_manager: str | None = None


@dataclass(frozen=True)
class Answer:
    """`close`: reset instead of an answer."""

    code: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False


class KubernetesApi:
    """Runs within the `with` block; `stop` and `start` take it down and up again on its port."""

    def __init__(self, *, account: str = ACCOUNT) -> None:
        self.store = Store()
        self.account = account
        self.asked: list[Asked] = []
        self.tokens: set[str] = set()
        self.secrets: set[str] = set()
        """Every token that was ever made: what the leak check looks for."""
        self._authority = CertificateAuthority()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._listener: Listener | None = None
        self._port = 0

    def __enter__(self) -> KubernetesApi:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Answer, on the same port as before."""
        self._released.clear()
        self._listener = Listener(self._port, self._authority.server_context(), self._answer)
        self._port = self._listener.server_address[1]
        self._listener.start()

    def stop(self) -> None:
        """Refuse connections, and end those that there are."""
        self._released.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()
            assert not listener.failures, listener.failures

    @property
    def connections(self) -> int:
        """How many were made since `start`."""
        return self._listener.accepted if self._listener is not None else 0

    @property
    def url(self) -> str:
        """Of the server."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def environ(self) -> dict[str, str]:
        """What the kubelet tells containers."""
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self._port)}

    def account_dir(self, folder: Path) -> Path:
        """Make it a mounted ServiceAccount."""
        folder.mkdir(parents=True, exist_ok=True)
        self._authority.write(folder / "ca.crt")
        self.rotate_token(folder)
        return folder

    def rotate_token(self, folder: Path, *, revoke: bool = False) -> None:
        """Write a new token as the kubelet does, in one step; `revoke`: the others are not valid any more."""
        token = f"sa-token-{secrets.token_urlsafe(24)}"
        with self._lock:
            if revoke:
                self.tokens.clear()
            self.tokens.add(token)
            self.secrets.add(token)
        (folder / "token.new").write_text(token)
        (folder / "token.new").replace(folder / "token")

    def befall(self, fault: Fault) -> None:
        """From now on; earlier ones come first."""
        with self._lock:
            self._faults.append(fault)

    def heal(self) -> None:
        """No faults, and what hangs is let go."""
        with self._lock:
            self._faults.clear()
        self._released.set()
        self._released = threading.Event()

    def count(self, verb: str, resource: str) -> int:
        """How often it was asked."""
        with self._lock:
            return sum((each.rule.verb, each.rule.resource) == (verb, resource) for each in self.asked)

    def _answer(self, method: str, path: str, query: Mapping[str, str], token: str, body: bytes) -> Answer:
        rule = _rule(method, path)
        with self._lock:
            number = len(self.asked)
            self.asked.append(Asked(rule, 0, query.get("fieldManager")))
            fault = self._struck(rule)
        answer = self._faulty(fault, rule, token, body) if fault else self._true(rule, token, body)
        if not answer.close:
            with self._lock:
                self.asked[number] = replace(self.asked[number], code=answer.code)
        return answer

    def _struck(self, rule: Rule) -> Fault | None:
        for at, fault in enumerate(self._faults):
            matches = (fault.verb, rule.verb), (fault.resource, rule.resource), (fault.name, rule.name)
            if all(wanted in (None, given) for wanted, given in matches):
                if fault.times is not None:
                    self._faults[at : at + 1] = (
                        [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    )
                return fault
        return None

    def _faulty(self, fault: Fault, rule: Rule, token: str, body: bytes) -> Answer:
        match fault.kind:
            case "status":
                headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
                reason = {429: "TooManyRequests", 409: "Conflict", 410: "Expired"}.get(
                    fault.code, "InternalError"
                )
                return _json(fault.code, Refused(fault.code, reason, fault.message).status, headers)
            case "hang":
                self._released.wait(60)
                return Answer(close=True)
            case "lost":
                self._true(rule, token, body)
                return Answer(close=True)
            case "html":
                return Answer(
                    200, b"<html><body>Sign in to this network</body></html>", {"Content-Type": "text/html"}
                )
            case "nonsense":
                return _json(200, {"kind": "Something", "metadata": {"name": "else"}})
            case "slow":
                self._released.wait(fault.seconds)
                return self._true(rule, token, body)
        return Answer(close=True)

    def _true(self, rule: Rule, token: str, body: bytes) -> Answer:
        try:
            if token not in self.tokens:
                raise answers.unauthorized()
            if rule.resource == REVIEWS:
                return _json(201, self._reviewed(json.loads(body)))
            if not self.store.may(rule):
                raise answers.forbidden(rule, self.account)
            if rule.verb == "get" and rule.resource in ("secrets", "leases"):
                return _json(200, self.store.get(rule))
            if rule.verb == "update" and rule.resource in ("secrets", "leases"):
                return _json(200, self.store.replace(rule, json.loads(body)))
            if rule.verb == "create" and rule.resource == "events":
                return _json(201, self.store.create_event(rule, json.loads(body)))
            raise answers.not_found(replace(rule, name=None))
        except Refused as refused:
            return _json(refused.code, refused.status)

    def _reviewed(self, given: dict[str, Any]) -> dict[str, Any]:
        asked = given["spec"]["resourceAttributes"]
        rule = Rule(
            asked.get("namespace", ""),
            asked.get("group", ""),
            asked["resource"],
            asked["verb"],
            asked.get("name") or None,
        )
        return {**given, "status": {"allowed": self.store.may(rule)}}


def _rule(method: str, path: str) -> Rule:
    """What is asked for, as RBAC sees it; an unknown path asks for nothing that is allowed."""
    match path.strip("/").split("/"):
        case ["api", "v1", "namespaces", namespace, resource, *name]:
            group = ""
        case ["apis", group, "v1", "namespaces", namespace, resource, *name]:
            pass
        case ["apis", "authorization.k8s.io" as group, "v1", resource, *name]:
            namespace = ""
        case _:
            group, namespace, resource, name = "", "", path, []
    verb = VERBS.get(method, method)
    return Rule(
        namespace, group, resource, "list" if verb == "get" and not name else verb, "/".join(name) or None
    )


def _json(code: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(code, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})
