"""Errors that a person cures at the next prompt, or is still busy with."""

from __future__ import annotations

from sidecar.core.advice.row import CODES, DEVICE_FLOW, TOKENS, Action, Phase, Row

ROWS: tuple[Row, ...] = (
    Row(
        "The person is still at it",
        {70016: "authorization is pending"},
        Action.WAIT,
        "Nothing to do: the code is open until somebody uses it.",
        ("authorization_pending",),
        (Phase.POLL,),
        (CODES, DEVICE_FLOW),
    ),
    Row(
        "The sign-in page asks whether this is the right app",
        {50199: "a confirmation is asked for"},
        Action.WAIT,
        "Nothing to do here: the person is asked whether they mean to sign in to this app, and says yes.",
        ("interaction_required",),
        (Phase.BROWSER,),
        presumed=True,
    ),
    Row(
        "The code is not valid any more",
        {
            70018: "bad verification code",
            70019: "the verification code has expired",
            70020: "the device code has expired",
            54005: "the code was redeemed before",
        },
        Action.SIGN_IN,
        "Use the newest code in the log: an older one was used, declined, or has expired. If the browser "
        "said that access is blocked (53003), that is the reason, and only an administrator can help: see "
        "there.",
        ("expired_token", "bad_verification_code", "code_expired", "invalid_grant"),
        (Phase.POLL,),
        (CODES, DEVICE_FLOW),
        unverified=frozenset({70020}),
    ),
    Row(
        "The code was typed wrongly or twice",
        {90119: "the user code is empty", 90120: "the request was authorised or declined before"},
        Action.SIGN_IN,
        "Type the newest code in the log into the page, once.",
        ("invalid_request",),
        (Phase.BROWSER,),
        presumed=True,
    ),
    Row(
        "Approved in another data centre",
        {50134: "the sign-in took place in the wrong data centre"},
        Action.SIGN_IN,
        "Sign in again at the next prompt. If it comes back, set AZURE_TENANT_ID to the tenant's id "
        "(Entra admin center > Overview > Tenant ID), so that the request begins in the tenant's own data "
        "centre.",
        ("invalid_grant",),
        (Phase.POLL,),
        presumed=True,
    ),
    Row(
        "The person declined",
        {65004: "the person declined to consent"},
        Action.SIGN_IN,
        "Sign in again at the next prompt and choose Accept. If the page asks for more than you want to "
        "give, ask for less in SIDECAR_SCOPES.",
        ("authorization_declined", "access_denied"),
        (Phase.POLL,),
        (CODES, DEVICE_FLOW),
    ),
    Row(
        "A second factor is asked for",
        {
            50074: "multifactor authentication was not passed",
            50076: "multifactor authentication is required",
            50078: "the multifactor authentication has expired by policy",
            50158: "an external security challenge was not met",
        },
        Action.SIGN_IN,
        "Sign in again and complete the multifactor authentication that is asked for.",
        ("interaction_required/basic_action", "invalid_grant/basic_action"),
        TOKENS,
    ),
    Row(
        "A second factor has to be set up",
        {
            50072: "enrolment for a second factor is required",
            50079: "enrolment for a second factor is required by policy",
        },
        Action.SIGN_IN,
        "Set up a second factor (multifactor authentication) at https://aka.ms/mfasetup, then sign in again.",
        ("interaction_required/basic_action", "invalid_grant/basic_action"),
        TOKENS,
    ),
    Row(
        "The sign-in has expired",
        {
            70000: "the refresh token is not valid",
            70008: "the refresh token has expired through disuse",
            700082: "the refresh token has expired through disuse",
            50089: "the flow token has expired",
        },
        Action.SIGN_IN,
        "The sign-in has expired; sign in again at the prompt. A refresh token that nobody uses for 90 "
        "days, or for as long as the tenant allows, ends: let the role refresh run.",
        ("invalid_grant", "invalid_grant/token_expired"),
        (Phase.RENEWAL,),
        (CODES, "https://github.com/Azure/azure-cli/issues/16641"),
    ),
    Row(
        "The tenant wants a sign-in every so often",
        {70043: "the sign-in frequency of Conditional Access is over"},
        Action.SIGN_IN,
        "The tenant limits how long a sign-in lasts (Entra admin center > Conditional Access > Policies > "
        "(the policy) > Session > Sign-in frequency); sign in again. It comes back at that pace until an "
        "administrator excludes this user or app.",
        ("invalid_grant/token_expired", "interaction_required/token_expired"),
        (Phase.RENEWAL,),
        (
            CODES,
            "https://github.com/Azure/azure-cli/issues/17142",
            "https://github.com/Azure/azure-sdk-for-python/issues/28478",
        ),
    ),
    Row(
        "The sign-in was revoked",
        {
            50173: "the sign-in was revoked",
            50132: "the session has ended with a password's change or expiry",
            50133: "the session has ended with a password's change or expiry",
        },
        Action.SIGN_IN,
        "The sign-in was revoked or the password changed; sign in again at the prompt. If nobody knows "
        "why, look at Entra admin center > Users > (the user) > Sign-in logs first.",
        ("invalid_grant/bad_token", "invalid_grant"),
        (Phase.RENEWAL,),
    ),
    Row(
        "The password has expired",
        {50055: "the password has expired", 50144: "the on-premises password has expired"},
        Action.SIGN_IN,
        "Change the password (https://aka.ms/sspr, or as your company does it), then sign in again.",
        ("invalid_grant/user_password_expired",),
        TOKENS,
        presumed=True,
    ),
    Row(
        "The password is wrong",
        {50126: "wrong user name or password", 50056: "no password, or a wrong one"},
        Action.SIGN_IN,
        "Nothing to do here: the person sees it in the browser and tries again.",
        ("invalid_grant",),
        (Phase.BROWSER,),
    ),
    Row(
        "The account is not one of this tenant",
        {
            50034: "the account is not in the directory",
            50020: "the account of another directory is no guest here",
            90072: "the external account is no guest here",
            51004: "the account is not in the directory",
            16000: "the account is not in this tenant",
        },
        Action.SIGN_IN,
        "Sign in with an account of this tenant, or have an administrator invite this one (Entra admin "
        "center > Users > New user > Invite external user).",
        ("invalid_grant", "interaction_required"),
        TOKENS,
        presumed=True,
    ),
    Row(
        "Consent is missing",
        {65001: "nobody has consented to the app's permissions"},
        Action.SIGN_IN,
        "Consent is missing: accept it at the next prompt, or have an administrator grant it under Entra "
        "admin center > App registrations > (the app) > API permissions > Grant admin consent.",
        ("invalid_grant/consent_required", "consent_required"),
        TOKENS,
    ),
)
