"""The errors that reach a client, as Entra words them.

Sources: learn.microsoft.com "Microsoft Entra authentication and authorization error codes" and
"OAuth 2.0 device authorization grant"; the `error` and `suberror` beside each number as seen in public
reports, and where there are none as others of its class. The product's table says which (docs/errors.md).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What stands beside one AADSTS number: OAuth `error`, HTTP status, text, `suberror`."""

    error: str
    text: str
    status: int = 400
    suberror: str | None = None


def _kinds(
    error: str, texts: dict[int, str], *, status: int = 400, suberror: str | None = None
) -> dict[int, Kind]:
    return {number: Kind(error, text, status, suberror) for number, text in texts.items()}


_POLLING: dict[int, Kind] = {
    70016: Kind(
        "authorization_pending", "OAuth 2.0 device flow: authorization is pending. Continue polling."
    ),
    70018: Kind("bad_verification_code", "Bad verification code: the device code is not known."),
    70019: Kind("code_expired", "The verification code has expired; retry the sign-in."),
    70020: Kind("expired_token", "The provided device code has expired; sign in again."),
    65004: Kind("authorization_declined", "The user declined to consent to access the app."),
    54005: Kind("invalid_grant", "The device code was already redeemed; please retry with a new code."),
    50134: Kind("invalid_grant", "Wrong data center: authorize where the request began."),
}

_PEOPLE: dict[int, Kind] = {
    **_kinds(
        "interaction_required",
        {
            50072: "The user must enroll in multi-factor authentication (interactive).",
            50074: "Strong authentication is required and the user did not pass the challenge.",
            50076: "Due to a configuration change made by your administrator you must use multi-factor "
            "authentication.",
            50078: "The presented multi-factor authentication has expired.",
            50079: "The user must enroll in multi-factor authentication.",
            50158: "An external security challenge was not satisfied.",
        },
        suberror="basic_action",
    ),
    **_kinds(
        "invalid_grant",
        {
            16000: "The user account does not exist in the tenant; sign in with another one.",
            50020: "The user account does not exist in this tenant and cannot use this application.",
            50034: "The user account must be added to the directory.",
            50089: "Authentication failed: the flow token expired.",
            51004: "The user account does not exist in the directory.",
            70000: "The provided value for the refresh token is not valid.",
            70008: "The refresh token has expired due to inactivity.",
            90072: "The external user account does not exist in this tenant.",
            700082: "The refresh token has expired due to inactivity.",
            700084: "The refresh token was issued to a single page app and has expired.",
        },
    ),
    **_kinds(
        "invalid_grant",
        {
            50132: "The session is not valid due to password expiration or recent password change.",
            50133: "The session is not valid due to password expiration or recent password change.",
            50173: "The provided grant has expired due to it being revoked; a fresh one is needed.",
        },
        suberror="bad_token",
    ),
    **_kinds(
        "invalid_grant",
        {50055: "The password is expired.", 50144: "The on-premises password is expired."},
        suberror="user_password_expired",
    ),
    65001: Kind(
        "invalid_grant", "The user or administrator has not consented to use it.", 400, "consent_required"
    ),
    70043: Kind(
        "invalid_grant",
        "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access.",
        suberror="token_expired",
    ),
}

_POLICIES: dict[int, Kind] = {
    **_kinds(
        "invalid_grant",
        {
            50131: "Access was refused by Conditional Access.",
            53003: "Access has been blocked by Conditional Access policies.",
            530032: "Access has been blocked by a security policy of the tenant.",
            530035: "Access has been blocked by security defaults.",
        },
        suberror="message_only",
    ),
    **_kinds(
        "invalid_grant",
        {
            50053: "The account is locked, or the sign-in came from a malicious IP address.",
            50057: "The user account is disabled.",
            50105: "The signed in user is not assigned to a role for the application.",
            53000: "The device is not compliant.",
            53001: "The device is not domain joined.",
            53004: "Multi-factor authentication cannot be set up due to risk.",
            53011: "The user is blocked due to risk on the home tenant.",
            135010: "The key was not found.",
            135011: "The device used during the authentication is disabled.",
            530036: "The refresh token was rejected by authentication flow checks.",
        },
    ),
    50097: Kind("invalid_grant", "Device authentication is required.", 401),
    90094: Kind("consent_required", "Administrator consent is required."),
    90095: Kind("consent_required", "Administrator consent is required; it can be requested."),
}

_CONFIGURATION: dict[int, Kind] = {
    90002: Kind("invalid_tenant", "Tenant not found. Check that you have the correct tenant ID and cloud."),
    50049: Kind("invalid_instance", "The instance is unknown or not valid."),
    **_kinds(
        "invalid_request",
        {
            50059: "No tenant-identifying information found in the request.",
            50128: "The domain name is not valid.",
            50194: "The application is not configured as a multi-tenant application.",
            65005: "The required resource access list of the app does not contain the resource.",
            650056: "The application is misconfigured.",
            90010: "The grant type is not supported over this endpoint.",
            90014: "A required field is missing.",
            90019: "The tenant could not be determined from the request.",
            90023: "The authentication service request is not valid.",
            90038: "The tenant belongs to a national cloud.",
            90100: "A parameter is empty or not valid.",
            90133: "The device code flow is not supported over this endpoint.",
            900023: "The tenant identifier is neither a valid DNS name nor a valid external domain.",
            900144: "The request body is missing a required parameter.",
            900382: "A confidential client is not supported in a cross cloud request.",
            9001023: "The grant type is not supported over the /common or /consumers endpoints.",
            9002313: "The request is malformed or invalid.",
            9002339: "The audience of the application does not match the endpoint.",
        },
    ),
    **_kinds(
        "unauthorized_client",
        {
            65002: "Consent between first party applications must be configured via preauthorization.",
            70001: "The application is disabled.",
            700011: "The application was not found in the directory.",
            700016: "Application with this identifier was not found in the directory.",
            7000112: "The application is disabled.",
            9002332: "The application is configured for use by Microsoft Entra users only.",
        },
    ),
    **_kinds(
        "invalid_scope",
        {
            28000: "The input parameter scope contains more than one resource.",
            28002: "The provided value for the scope is not valid when requesting an access token.",
            70011: "The provided value for the input parameter scope is not valid.",
            700022: "The input parameter scope contains more than one resource.",
            700023: "The input parameter scope names no resource.",
        },
    ),
    **_kinds(
        "invalid_resource",
        {
            50001: "The resource is disabled or does not exist.",
            500011: "The resource principal was not found in the tenant.",
            650052: "The app needs access to a service that the organization has not enabled.",
            650057: "The resource is not listed in the requested permissions.",
        },
    ),
    70003: Kind("unsupported_grant_type", "The app requested an unsupported grant type."),
    700025: Kind("invalid_client", "The client is public, so no secret should be presented.", 401),
    7000218: Kind(
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
    ),
}

_WEATHER: dict[int, Kind] = {
    **_kinds(
        "temporarily_unavailable",
        {
            50033: "A transient error has occurred.",
            50087: "A transient error has occurred during strong authentication.",
            80005: "An unpredictable error of the authentication agent has occurred.",
            90006: "The service is temporarily unavailable.",
            90012: "The request has timed out.",
            90024: "A transient error has occurred. Please try again.",
            90033: "A transient error has occurred. Please try again.",
            90090: "The service is temporarily unavailable.",
        },
        status=503,
    ),
    90055: Kind("temporarily_unavailable", "The server has terminated the request: it was throttled.", 429),
    50196: Kind(
        "invalid_grant", "The server terminated an operation because it encountered a client request loop."
    ),
}

KINDS: dict[int, Kind] = {**_POLLING, **_PEOPLE, **_POLICIES, **_CONFIGURATION, **_WEATHER}
"""By AADSTS number."""
