"""What an error of the authority means, and what to tell the person who reads the log.

Microsoft: apps must not depend on error code numbers, which change without notice
(learn.microsoft.com, "Microsoft Entra authentication and authorization error codes"). So `error`
decides what happens (RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6), and the
AADSTS number only picks the advice.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Action(enum.Enum):
    """What can cure it."""

    RETRY = "retry"
    SIGN_IN = "sign in"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Diagnosis:
    """The cure and one paragraph of advice."""

    action: Action
    advice: str


_ACTIONS: dict[str, Action] = {
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
    "unsupported_grant_type": Action.CONFIGURATION,
    "temporarily_unavailable": Action.RETRY,
    "server_error": Action.RETRY,
}

_DEFAULT_ADVICE: dict[Action, str] = {
    Action.RETRY: "Nothing to do: it is tried again. If it lasts, look at the authority's status page.",
    Action.SIGN_IN: "Sign in again at the prompt.",
    Action.CONFIGURATION: (
        "Compare AZURE_CLIENT_ID, AZURE_TENANT_ID and SIDECAR_SCOPES with the app registration."
    ),
}

_TENANT = (
    "Check AZURE_TENANT_ID (Entra admin center > Overview > Tenant ID) and that AZURE_AUTHORITY_HOST "
    "is the login host of that tenant's cloud."
)
_CLIENT = (
    "Check AZURE_CLIENT_ID (Entra admin center > App registrations > Application (client) ID) and that "
    "the app is registered in, or consented to by, the tenant set."
)
_TENANT_GUID = "Set AZURE_TENANT_ID to the tenant's id: this app cannot be used with a shared endpoint."
_PUBLIC_CLIENT = (
    "Turn on App registrations > (the app) > Authentication > Advanced settings > "
    "Allow public client flows, and use no client secret."
)
_SCOPE = (
    "Check SIDECAR_SCOPES and SIDECAR_TOKENS: one resource each, spelled as under App registrations > "
    "(the app) > API permissions, such as https://graph.microsoft.com/.default."
)
_CONSENT = (
    "Consent is missing: accept it at the next prompt, or have an administrator grant it under "
    "App registrations > (the app) > API permissions > Grant admin consent."
)
_MFA = "Sign in again and complete the multifactor authentication that is asked for."
_POLICY = (
    "A Conditional Access policy or security default stopped the sign-in. An administrator finds which "
    "one under Entra admin center > Sign-in logs, by the correlation id."
)
_DEVICE_CODE_BLOCKED = (
    "The tenant's Conditional Access blocks the device code flow, also for sessions begun by it; a new "
    "sign-in does not help. An administrator has to exclude this user or app from the policy "
    "(Protection > Conditional Access > Authentication flows)."
)
_DEVICE = (
    "A policy asks for a managed device, which the device code flow cannot present. An administrator "
    "has to exclude this user or app from it."
)
_EXPIRED = "The sign-in has expired; sign in again at the prompt."
_FREQUENCY = (
    "The tenant limits how long a sign-in lasts (Conditional Access > Sign-in frequency); sign in again."
)
_REVOKED = "The sign-in was revoked or the password changed; sign in again at the prompt."
_ACCOUNT = "Sign in with an account of this tenant, or have an administrator invite or enable this one."
_ASSIGN = (
    "The user is not assigned to the app: Enterprise applications > (the app) > Users and groups, or "
    "switch off Assignment required."
)
_LOOP = "The authority saw too many requests from this client; it is left alone for some minutes."

_ADVICE: dict[int, str] = {
    number: advice
    for numbers, advice in (
        ((90002, 900023, 90019, 50128, 50049, 90038, 900382), _TENANT),
        ((50059, 50194, 90133, 90010, 9001023), _TENANT_GUID),
        ((700016, 700011, 7000112, 70001, 9002332, 9002339), _CLIENT),
        ((7000218, 700025), _PUBLIC_CLIENT),
        ((70011, 28000, 28002, 700022, 700023, 500011, 50001, 650057, 650052), _SCOPE),
        ((65001, 90094, 90095, 65002, 65005, 650056), _CONSENT),
        ((50076, 50074, 50078, 50158, 50079, 50072), _MFA),
        ((53003, 530032, 530035, 53011, 53004, 50131, 50053), _POLICY),
        ((530036,), _DEVICE_CODE_BLOCKED),
        ((53000, 53001, 50097, 135011), _DEVICE),
        ((70008, 700082, 700084), _EXPIRED),
        ((70043,), _FREQUENCY),
        ((50173, 50132, 50133, 50089, 50055, 50144), _REVOKED),
        ((50057, 50034, 50020, 90072, 51004, 16000), _ACCOUNT),
        ((50105,), _ASSIGN),
        ((50196,), _LOOP),
    )
    for number in numbers
}


def diagnose(error: str, *, codes: Sequence[int] = ()) -> Diagnosis:
    """What to do about an OAuth `error`; `codes` are Entra's AADSTS numbers, the first one known wins.

    An error nobody has heard of is retried with back-off, which is bounded and costs nobody a prompt.
    """
    action = _ACTIONS.get(error, Action.RETRY)
    advice = next((_ADVICE[code] for code in codes if code in _ADVICE), _DEFAULT_ADVICE[action])
    return Diagnosis(action, advice)
