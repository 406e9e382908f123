"""The v1.0 endpoints, which Entra still has for ADAL: a `resource` in place of scopes, numbers as strings.

Shapes: learn.microsoft.com "Azure AD v1.0 endpoint", OAuth 2.0 flows, and what ADAL reads of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.emulator.errors import EntraError
from tests.emulator.messages import GRANT_DEVICE_CODE
from tests.emulator.oauth import AuthorizationServer

_GRANTS = {"device_code": GRANT_DEVICE_CODE}


class FirstVersion:
    """The same server by another language: prompts and refresh tokens are those of v2.0."""

    def __init__(self, oauth: AuthorizationServer, now: Callable[[], float]) -> None:
        self._oauth = oauth
        self._now = now

    def device_code(self, segment: str, form: Mapping[str, str], language: str | None) -> dict[str, Any]:
        """As v2.0's, with `verification_url`.

        :raises EntraError: as `AuthorizationServer.device_code`
        """
        answer = self._oauth.device_code(segment, {**form, "scope": _scope(form)}, language)
        answer["verification_url"] = answer.pop("verification_uri")
        return _as_strings(answer)

    def token(self, segment: str, form: Mapping[str, str]) -> dict[str, Any]:
        """For both grants. A refresh token is always given, and `scope` names permissions alone.

        :raises EntraError: as `AuthorizationServer.token`
        """
        grant = form.get("grant_type", "")
        answer = self._oauth.token(
            segment, {**form, "grant_type": _GRANTS.get(grant, grant), "scope": _scope(form)}
        )
        now = int(self._now())
        answer.update(
            resource=form["resource"],
            scope="user_impersonation",
            not_before=now - 300,
            expires_on=now + int(answer["expires_in"]),
        )
        return _as_strings(answer)


def _scope(form: Mapping[str, str]) -> str:
    resource = form.get("resource")
    if not resource:
        raise EntraError(900144, "Parameter: 'resource'.")
    return f"{resource.rstrip('/')}/.default openid offline_access"


def _as_strings(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, int) else value for name, value in answer.items()}
