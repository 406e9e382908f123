"""Errors that an administrator of the tenant cures: policies, disabled and unassigned accounts."""

from __future__ import annotations

from sidecar.core.advice.row import AUTHENTICATION_FLOWS, CODES, TOKENS, Action, Phase, Row

_WHICH = (
    "which one stands under Entra admin center > Monitoring & health > Sign-in logs > (the attempt with this "
    "correlation id) > Conditional Access"
)

ROWS: tuple[Row, ...] = (
    Row(
        "The device code flow is blocked",
        {530036: "the refresh token comes from a device code, and policy blocks that flow"},
        Action.ADMINISTRATOR,
        "The tenant's Conditional Access blocks the device code flow, also for sessions begun by it; a "
        "new sign-in does not help. An administrator has to exclude this user or app: Entra admin center > "
        "Conditional Access > Policies > (the one whose Conditions > Authentication flows name Device code "
        "flow; Microsoft's own is called Block device code flow) > Users > Exclude. The sidecar heals by "
        "itself then: it tries again every 15 min to 1 h, and at once on HUP. For somebody else to sign in, "
        "empty the state directory.",
        ("invalid_grant",),
        TOKENS,
        (AUTHENTICATION_FLOWS,),
        presumed=True,
    ),
    Row(
        "Conditional Access blocks the access",
        {
            53003: "blocked by Conditional Access",
            530032: "blocked by a security policy of the tenant",
            530035: "blocked by security defaults",
            50131: "refused by Conditional Access",
        },
        Action.ADMINISTRATOR,
        "A Conditional Access policy or the security defaults blocked the access; " + _WHICH + ". An "
        "administrator has to exclude this user, app or location from it. If it is the condition "
        "Authentication flows, the device code flow is blocked. The browser may say so while the code "
        "here stays pending until it expires.",
        ("invalid_grant/message_only", "invalid_grant", "interaction_required"),
        TOKENS,
        (CODES, AUTHENTICATION_FLOWS, "https://github.com/Azure/azure-cli/issues/32420"),
    ),
    Row(
        "The account is at risk or locked",
        {
            53011: "the user is blocked at home because of risk",
            53004: "a second factor may not be set up because of risk",
            50053: "the account is locked, or the address is a malicious one",
        },
        Action.ADMINISTRATOR,
        "Microsoft holds the account or its address for compromised: an administrator looks at Entra "
        "admin center > ID Protection > Risky users (and Sign-in logs, by the correlation id), then "
        "dismisses the risk or has the password changed. A locked account opens by itself after some "
        "minutes.",
        ("invalid_grant", "interaction_required"),
        TOKENS,
        presumed=True,
    ),
    Row(
        "A managed device is asked for",
        {
            53000: "the device is not compliant",
            53001: "the device is not joined to the domain",
            50097: "the device has to authenticate",
            135011: "the device is disabled",
            135010: "the key of the device was not found",
        },
        Action.ADMINISTRATOR,
        "A policy asks for a managed device, which the device code flow cannot present; " + _WHICH + ". An "
        "administrator has to exclude this user or app from the grant Require device to be marked as "
        "compliant (or hybrid joined), or another identity has to sign in.",
        ("invalid_grant", "interaction_required"),
        TOKENS,
        (
            CODES,
            "https://github.com/Azure/azure-powershell/issues/9427",
            "https://github.com/Azure/azure-powershell/issues/13193",
        ),
    ),
    Row(
        "The account is disabled",
        {50057: "the account is disabled"},
        Action.ADMINISTRATOR,
        "An administrator has to enable the account (Entra admin center > Users > (the user) > Account "
        "status), or another account of this tenant has to sign in.",
        ("invalid_grant",),
        TOKENS,
        presumed=True,
    ),
    Row(
        "The user is not assigned to the app",
        {50105: "the user is not assigned to the app"},
        Action.ADMINISTRATOR,
        "The user is not assigned to the app: an administrator adds them under Entra admin center > "
        "Enterprise apps > (the app) > Users and groups, or switches off Properties > Assignment "
        "required.",
        ("invalid_grant",),
        TOKENS,
        presumed=True,
    ),
    Row(
        "An administrator has to consent",
        {
            90094: "an administrator's consent is required",
            90095: "an administrator's consent is required and can be asked for",
        },
        Action.ADMINISTRATOR,
        "A person's consent is not enough: an administrator grants it under Entra admin center > App "
        "registrations > (the app) > API permissions > Grant admin consent.",
        ("consent_required", "invalid_grant/consent_required"),
        (Phase.POLL, Phase.RENEWAL),
        presumed=True,
    ),
)
