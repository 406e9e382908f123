"""Which URL is what, and one lock around all state."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.emulator.control import Control
from tests.emulator.errors import EntraError
from tests.emulator.graph import Resources
from tests.emulator.messages import GRANT_DEVICE_CODE, Call, Response
from tests.emulator.oauth import AuthorizationServer
from tests.emulator.signin_page import SigninPage
from tests.emulator.v1 import FirstVersion

_GRANTS = {
    GRANT_DEVICE_CODE: "token:device_code",
    "device_code": "token:device_code",  # as v1.0 calls it
    "refresh_token": "token:refresh_token",
}
_RESOURCES = {
    "/v1.0/me": "me",
    "/subscriptions": "subscriptions",
    "/secrets": "secrets",
    "/secrets/greeting": "secret",
}


class EntraSite:
    """Routes a request to the endpoint it names."""

    def __init__(
        self,
        *,
        authority_host: str,
        oauth: AuthorizationServer,
        resources: Resources,
        signin_page: SigninPage,
        control: Control,
        lock: threading.RLock,
        now: Callable[[], float],
        remember: Callable[[], None],
    ) -> None:
        """`remember` is called after whatever may have changed the grants, before the answer is sent."""
        self._host = authority_host
        self._oauth = oauth
        self._v1 = FirstVersion(oauth, now)
        self._resources = resources
        self._signin_page = signin_page
        self._control = control
        self._lock = lock
        self._now = now
        self._remember = remember

    def kind_of(self, call: Call) -> str:
        """By path, and for the token endpoint by grant type."""
        match call.segments:
            case ["_control", *_]:
                return "control"
            case ["devicelogin"]:
                return "devicelogin"
            case [_, "v2.0", ".well-known", "openid-configuration"]:
                return "discovery"
            case [_, "discovery", "v2.0", "keys"]:
                return "keys"
            case [_, "oauth2", "v2.0", "devicecode"] | [_, "oauth2", "devicecode"]:
                return "devicecode"
            case [_, "oauth2", "v2.0", "token"] | [_, "oauth2", "token"]:
                return _GRANTS.get(call.form.get("grant_type", ""), "token:other")
        return _RESOURCES.get(call.path.rstrip("/"), "other")

    def respond(self, kind: str, call: Call) -> Response:
        """The true answer, one at a time."""
        if kind == "control":
            answer = self._control.respond(call)
        else:
            with self._lock:
                try:
                    answer = self._answer(kind, call)
                except EntraError as error:
                    answer = self.refuse(error, call)
        if call.method == "POST" and (kind == "control" or kind.startswith("token:")):
            with self._lock:
                self._remember()
        return answer

    def refuse(self, error: EntraError, call: Call) -> Response:
        """`error` as JSON."""
        body = error.body(now=self._now(), correlation_id=call.correlation_id, authority=self._host)
        return Response.of_json(body, error.status, error=error.error)

    def _answer(self, kind: str, call: Call) -> Response:
        allowed = _METHODS.get(kind, ("GET", "HEAD", "POST"))
        if call.method not in allowed:
            return Response(405, headers={"Allow": ", ".join(allowed)})
        tenant = call.segments[0]
        oauth = self._oauth if "v2.0" in call.segments else self._v1
        match kind:
            case "discovery":
                return Response.of_json(self._oauth.discovery(tenant))
            case "keys":
                return Response.of_json(self._oauth.keys(tenant))
            case "devicecode":
                return Response.of_json(
                    oauth.device_code(tenant, call.client_form, call.parameters.get("mkt"))
                )
            case "token:device_code" | "token:refresh_token" | "token:other":
                return Response.of_json(oauth.token(tenant, call.client_form))
            case "devicelogin":
                return self._signin_page.respond(call)
            case "me" | "subscriptions" | "secrets" | "secret":
                return self._resources.respond(kind, call)
        return Response.of_json({"error": {"code": "NotFound", "message": "No such resource."}}, 404)


_GET = ("GET", "HEAD")
_METHODS = {
    "discovery": _GET,
    "keys": _GET,
    "devicecode": ("POST",),
    "token:device_code": ("POST",),
    "token:refresh_token": ("POST",),
    "token:other": ("POST",),
    "me": _GET,
    "subscriptions": _GET,
    "secrets": _GET,
    "secret": _GET,
}
