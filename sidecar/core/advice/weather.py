"""Errors that pass by themselves."""

from __future__ import annotations

from sidecar.core.advice.row import CODES, TOKENS, Action, Phase, Row

ROWS: tuple[Row, ...] = (
    Row(
        "Entra is in trouble",
        {
            50033: "a transient error",
            50087: "a transient error of strong authentication",
            90006: "the service is temporarily unavailable",
            90012: "the request has timed out",
            90024: "a transient error",
            90033: "the directory is not available",
            90090: "the service is temporarily unavailable",
            80005: "the on-premises agent's answer could not be processed",
        },
        Action.RETRY,
        "Nothing to do: it is tried again by itself. If it lasts, look at https://status.azure.com and at "
        "the authority's status page.",
        ("temporarily_unavailable", "server_error"),
        (Phase.DEVICE_CODE, *TOKENS),
    ),
    Row(
        "The tenant is throttled",
        {90055: "too many requests in the tenant"},
        Action.RETRY,
        "Nothing to do: it is tried again by itself, more slowly. If it lasts, something else in the "
        "tenant asks too often: Entra admin center > Monitoring & health > Sign-in logs shows which app.",
        ("temporarily_unavailable",),
        (Phase.DEVICE_CODE, *TOKENS),
    ),
    Row(
        "Too many requests of this client",
        {50196: "a client request loop was detected"},
        Action.RETRY,
        "The authority saw too many requests from this client; it is left alone for five minutes, then "
        "tried again. If it comes back, look for other copies that use the same app and account.",
        ("invalid_grant",),
        TOKENS,
        (CODES, "https://github.com/AzureAD/microsoft-authentication-library-for-dotnet/issues/1495"),
    ),
)
