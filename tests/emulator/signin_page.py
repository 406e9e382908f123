"""/devicelogin: from the code to "You have signed in", in plain forms that carry their own state."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulator import html
from tests.emulator.directory import Directory
from tests.emulator.errors import EntraError
from tests.emulator.grants import DeviceCode, Grants, State
from tests.emulator.messages import Call, Response
from tests.emulator.oauth import AuthorizationServer
from tests.emulator.policy import Policy

WRONG_CODE = "That code didn't work. Check the code and try again."


class SigninPage:
    """Every step looks the code up again: it may have expired or been answered meanwhile."""

    def __init__(
        self,
        *,
        directory: Directory,
        grants: Grants,
        policy: Policy,
        oauth: AuthorizationServer,
        now: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._grants = grants
        self._policy = policy
        self._oauth = oauth
        self._now = now

    def respond(self, call: Call) -> Response:
        """The next page. `otc` in the URL fills the code in, as at Entra."""
        return Response.of_html(
            self._page(call),
            Content_Security_Policy=html.CONTENT_SECURITY_POLICY,
            Referrer_Policy="no-referrer",
        )

    def _page(self, call: Call) -> str:
        if call.method != "POST":
            return html.code_page(call.parameters.get("otc", "")[:20])
        form = call.form
        typed = "".join(form.get("user_code", "").split()).upper()[:20]
        code = next(iter(self._grants.open_codes(self._now(), typed)), None)
        if code is None:
            return html.code_page(typed, alert=WRONG_CODE)
        match form.get("step"):
            case "user":
                return self._confirm(code, form.get("user", ""))
            case "confirm":
                return self._finish(code, form.get("user", ""), form.get("action") == "continue")
            case _:
                return self._choose(code)

    def _choose(self, code: DeviceCode, alert: str = "") -> str:
        chosen = self._directory.user(self._policy.user).name
        return html.user_page(code.user_code, self._directory.users, chosen=chosen, alert=alert)

    def _confirm(self, code: DeviceCode, name: str) -> str:
        try:
            user = self._directory.user(name)
            self._oauth.check_signin(code, user)
        except LookupError:
            return self._choose(code, "Pick one of the accounts.")
        except EntraError as error:
            return self._choose(code, f"AADSTS{error.code}: {error.text}")
        return html.confirm_page(
            code.user_code, user, self._directory.apps[code.client_id.lower()].display_name
        )

    def _finish(self, code: DeviceCode, name: str, agreed: bool) -> str:
        app = self._directory.apps[code.client_id.lower()].display_name
        if not agreed:
            code.state = State.DECLINED
            return html.end_page(
                "Sign-in cancelled", f"{app} was not signed in. You may now close this window."
            )
        try:
            self._oauth.approve(code, self._directory.user(name))
        except LookupError:
            return self._choose(code, "Pick one of the accounts.")
        except EntraError as error:
            return self._choose(code, f"AADSTS{error.code}: {error.text}")
        return html.end_page(
            "You have signed in",
            f"You have signed in to {app} on your device. You may now close this window.",
        )
