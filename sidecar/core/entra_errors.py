"""What an error of the authority means: what happens, who cures it, and what to tell them.

Microsoft: apps must not depend on error code numbers, which change without notice
(learn.microsoft.com, "Microsoft Entra authentication and authorization error codes"). So `error`
decides what happens (RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6), `suberror` refines
it, and the AADSTS number picks the advice and the cure that are shown (`sidecar.core.advice`).

The exception is narrow: a number may hold a prompt back, and do nothing else. Two do, see
`PROMPT_HELD_BACK` and docs/decisions/0007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.core.advice import BY_NUMBER, Action
from sidecar.errors import ERROR_PAGE

DEVICE_CODE_BLOCKED = 530036
CLIENT_LOOP = 50196
CLIENT_LOOP_PAUSE_SECONDS = 300
"""Entra counts requests over some minutes; it gives no Retry-After with 50196."""

PROMPT_HELD_BACK: dict[int, Action] = {
    DEVICE_CODE_BLOCKED: Action.ADMINISTRATOR,
    CLIENT_LOOP: Action.RETRY,
}
"""Numbers that come as `invalid_grant`, and for which a prompt would be a lie or make things worse."""

BLOCKED_IN_THE_BROWSER = (
    "If the browser said that access is blocked (AADSTS53003), a new code does not help: an administrator "
    f"has to allow the device code flow, see {ERROR_PAGE}#aadsts-53003."
)
"""For a code that nobody used: the person may have been refused where only they could see it."""


@dataclass(frozen=True)
class Diagnosis:
    """`action` is what happens; `cure` who helps, for people; `see` where more is said.

    `pause_seconds` is the pause that this error wants before the next request.
    """

    action: Action
    cure: Action
    advice: str
    see: str
    pause_seconds: int | None = None


ACTIONS: dict[str, Action] = {
    "authorization_pending": Action.WAIT,
    "slow_down": Action.WAIT,
    "invalid_grant": Action.SIGN_IN,
    "interaction_required": Action.SIGN_IN,
    "login_required": Action.SIGN_IN,
    "consent_required": Action.SIGN_IN,
    "invalid_client": Action.CONFIGURATION,
    "unauthorized_client": Action.CONFIGURATION,
    "invalid_request": Action.CONFIGURATION,
    "invalid_scope": Action.CONFIGURATION,
    "invalid_resource": Action.CONFIGURATION,
    "invalid_target": Action.CONFIGURATION,
    "invalid_tenant": Action.CONFIGURATION,
    "invalid_instance": Action.CONFIGURATION,
    "unsupported_grant_type": Action.CONFIGURATION,
    "temporarily_unavailable": Action.RETRY,
    "server_error": Action.RETRY,
}
"""What an `error` means by itself. One that is not here is retried: that costs nobody a prompt."""

SUBERROR_SOURCE = (
    "https://learn.microsoft.com/dotnet/api/microsoft.identity.client.uirequiredexceptionclassification"
)

SUBERRORS: dict[str, tuple[Action, str]] = {
    "message_only": (
        Action.ADMINISTRATOR,
        "Signing in again does not help: the page would only say why not. An administrator finds the reason "
        "under Entra admin center > Monitoring & health > Sign-in logs, by the correlation id. It is tried "
        "again every 15 min to 1 h, and at once on HUP.",
    ),
    "basic_action": (Action.SIGN_IN, "Sign in again at the prompt and do what the page asks for."),
    "additional_action": (
        Action.SIGN_IN,
        "Sign in again at the prompt: the page says what has to be done elsewhere first, such as registering "
        "a device. If it cannot be done, an administrator has to change the policy that asks for it.",
    ),
    "consent_required": (Action.SIGN_IN, "Accept the app's permissions at the next prompt."),
    "user_password_expired": (Action.SIGN_IN, "Change the password, then sign in at the next prompt."),
    "bad_token": (Action.SIGN_IN, "The sign-in is not valid any more; sign in again at the prompt."),
    "token_expired": (Action.SIGN_IN, "The sign-in has expired; sign in again at the prompt."),
}
"""For errors that a person cures, what MSAL.NET concludes from `suberror` (`SUBERROR_SOURCE`); the last two
from msal 1.39, application.py.
"""

DEFAULT_ADVICE: dict[Action, str] = {
    Action.WAIT: "Nothing to do: it is asked again.",
    Action.RETRY: "Nothing to do: it is tried again. If it lasts, look at the authority's status page.",
    Action.SIGN_IN: "Sign in again at the prompt.",
    Action.ADMINISTRATOR: SUBERRORS["message_only"][1],
    Action.CONFIGURATION: (
        "Compare AZURE_CLIENT_ID, AZURE_TENANT_ID and SIDECAR_SCOPES with the app registration."
    ),
}


def diagnose(error: str, *, suberror: str = "", codes: Sequence[int] = ()) -> Diagnosis:
    """What to do about an OAuth `error`; `codes` are Entra's AADSTS numbers, the first one known advises.

    An error nobody has heard of is retried with back-off, which is bounded and costs nobody a prompt.
    """
    action, advice = _by_name(error, suberror)
    held_back = None
    if action is Action.SIGN_IN:
        held_back = next((code for code in codes if code in PROMPT_HELD_BACK), None)
        action = action if held_back is None else PROMPT_HELD_BACK[held_back]
    cure, see = action, f"{ERROR_PAGE}#by-error"
    number = next((code for code in codes if code in BY_NUMBER), None)
    if number is not None:
        see = anchor(number)
        row = BY_NUMBER[number]
        # Where nobody is asked to sign in, the advice must not tell them to.
        if action is not Action.ADMINISTRATOR or row.cure is action:
            cure, advice = row.cure, row.advice
    pause_seconds = CLIENT_LOOP_PAUSE_SECONDS if held_back == CLIENT_LOOP else None
    return Diagnosis(action, cure, advice, see, pause_seconds)


def anchor(number: int) -> str:
    """Where docs/errors.md tells of an AADSTS number."""
    return f"{ERROR_PAGE}#aadsts-{number}"


def _by_name(error: str, suberror: str) -> tuple[Action, str]:
    action = ACTIONS.get(error, Action.RETRY)
    if action is Action.SIGN_IN and suberror in SUBERRORS:
        return SUBERRORS[suberror]
    return action, DEFAULT_ADVICE[action]
