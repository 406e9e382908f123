"""Errors that a change of the settings or of the app registration cures."""

from __future__ import annotations

from sidecar.core.advice.row import CODES, TENANT_REQUESTS, TOKENS, Action, Phase, Row

_ANY = (Phase.DEVICE_CODE, *TOKENS)

ROWS: tuple[Row, ...] = (
    Row(
        "The tenant does not exist here",
        {
            90002: "the tenant was not found",
            900023: "the tenant's identifier is neither a domain nor an id",
            90019: "no tenant in the request",
            50128: "invalid domain name",
            50049: "unknown instance",
            90038: "the tenant belongs to a national cloud",
            900382: "not possible across clouds",
        },
        Action.CONFIGURATION,
        "Check AZURE_TENANT_ID (Entra admin center > Overview > Tenant ID) and that AZURE_AUTHORITY_HOST "
        "is the login host of that tenant's cloud: login.microsoftonline.com, login.microsoftonline.us or "
        "login.partner.microsoftonline.cn.",
        ("invalid_tenant", "invalid_request", "invalid_instance"),
        TENANT_REQUESTS,
        unverified=frozenset({900023}),
    ),
    Row(
        "A shared endpoint is not possible",
        {
            50059: "nothing in the request names a tenant",
            50194: "the app is not multi-tenant, and was asked for at /common",
            90133: "the device code flow is not possible at /common or /consumers",
            90010: "the grant is not possible at /common, where Microsoft's list speaks of an algorithm",
            9001023: "the grant is not possible at /common or /consumers",
        },
        Action.CONFIGURATION,
        "Set AZURE_TENANT_ID to the tenant's id (Entra admin center > Overview > Tenant ID): this app "
        "cannot be used with a shared endpoint such as common. The same comes of an AZURE_CLIENT_ID that "
        "is a placeholder.",
        ("invalid_request",),
        (Phase.DEVICE_CODE,),
        (
            CODES,
            "https://github.com/microsoftgraph/msgraph-training-dotnet/issues/44",
            "https://github.com/microsoft/MSCloudLoginAssistant/issues/100",
        ),
        unverified=frozenset({90133, 90010}),
    ),
    Row(
        "The app is not in this tenant",
        {
            700016: "the app was not found in the tenant",
            700011: "the app was not found in the directory",
        },
        Action.CONFIGURATION,
        "Check AZURE_CLIENT_ID (Entra admin center > App registrations > (the app) > Application (client) "
        "ID) and that the app is registered in, or consented to by, the tenant of AZURE_TENANT_ID.",
        ("unauthorized_client",),
        _ANY,
    ),
    Row(
        "The app is disabled",
        {7000112: "the app is disabled", 70001: "the app is disabled"},
        Action.CONFIGURATION,
        "Check AZURE_CLIENT_ID; if it is the right app, an administrator enables it under Entra admin "
        "center > Enterprise apps > (the app) > Properties > Enabled for users to sign-in.",
        ("unauthorized_client",),
        _ANY,
    ),
    Row(
        "The app is for other kinds of accounts",
        {
            9002332: "the app is for Microsoft Entra accounts only",
            9002339: "the app's audience and the endpoint do not match",
        },
        Action.CONFIGURATION,
        "The app does not take accounts of this kind: check AZURE_TENANT_ID, AZURE_CLIENT_ID, and Entra "
        "admin center > App registrations > (the app) > Authentication > Supported account types.",
        ("unauthorized_client", "invalid_request"),
        (Phase.DEVICE_CODE,),
        unverified=frozenset({9002339}),
        presumed=True,
    ),
    Row(
        "Public client flows are off",
        {
            7000218: "a secret or an assertion is asked for",
            700025: "a public client has sent a secret",
        },
        Action.CONFIGURATION,
        "Turn on Entra admin center > App registrations > (the app) > Authentication > Advanced settings "
        "> Allow public client flows, and use no client secret. Or: az ad app update --id (the client id) "
        "--is-fallback-public-client true",
        ("invalid_client",),
        TOKENS,
        (CODES, "https://github.com/Azure/azure-sdk-for-js/issues/21395"),
    ),
    Row(
        "The scopes are not accepted",
        {
            70011: "the scope is not valid",
            28000: "the scopes are of more than one resource",
            28002: "the scope is not valid for an access token",
            700022: "the scopes are of more than one resource",
            700023: "the scope names no resource",
        },
        Action.CONFIGURATION,
        "Check SIDECAR_SCOPES and SIDECAR_TOKENS: one resource each, spelled as under Entra admin center "
        "> App registrations > (the app) > API permissions, such as https://graph.microsoft.com/.default.",
        ("invalid_scope",),
        _ANY,
        unverified=frozenset({28000}),
    ),
    Row(
        "The resource is not known",
        {
            500011: "the resource was not found in the tenant",
            50001: "the resource is disabled or does not exist",
            650057: "the resource is not listed in the app's permissions",
            650052: "the organisation has not enabled the service",
        },
        Action.CONFIGURATION,
        "Check the resource in SIDECAR_SCOPES and SIDECAR_TOKENS, and add it under Entra admin center > "
        "App registrations > (the app) > API permissions > Add a permission. What is not in the tenant, "
        "an administrator adds: az ad sp create --id (the resource's app id)",
        ("invalid_resource",),
        _ANY,
    ),
    Row(
        "The app registration lacks something",
        {
            65002: "an app of Microsoft's own is not preauthorised for this resource",
            65005: "the app's permissions do not list the resource",
            650056: "the app is misconfigured: permission, consent or identifier",
        },
        Action.CONFIGURATION,
        "Use an app registration of your own for AZURE_CLIENT_ID, not one of Microsoft's, list the "
        "permission under Entra admin center > App registrations > (the app) > API permissions, and grant "
        "admin consent there.",
        ("invalid_request", "unauthorized_client", "invalid_resource"),
        _ANY,
        presumed=True,
    ),
    Row(
        "The request is not as Entra wants it",
        {
            90014: "a field is missing",
            900144: "a parameter is missing",
            90023: "the request is not valid",
            9002313: "the request is malformed",
            90100: "a parameter is empty or not valid",
            70003: "the grant type is not supported",
        },
        Action.CONFIGURATION,
        "Compare AZURE_CLIENT_ID, AZURE_TENANT_ID and SIDECAR_SCOPES with the app registration. If they "
        "are right, it is a mistake of the sidecar, or of a proxy that changes requests: report it with "
        "this line.",
        ("invalid_request", "unsupported_grant_type"),
        _ANY,
    ),
    Row(
        "The app is registered as a web page",
        {700084: "the refresh token is a single-page app's, which ends after 24 h"},
        Action.CONFIGURATION,
        "Register the app as Mobile and desktop applications, not as Single-page application (Entra admin "
        "center > App registrations > (the app) > Authentication > Platform configurations). Until then "
        "the sign-in has expired after a day: sign in again.",
        ("invalid_grant",),
        (Phase.RENEWAL,),
        presumed=True,
    ),
)
