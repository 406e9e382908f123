"""What the authority refuses in OAuth's and in Entra's words (RFC 6749 section 5.2, RFC 8628 section 3.5)."""

from __future__ import annotations

from tests.emulator.faults import Refuse
from tests.torture.faults.odd_faults import Says
from tests.torture.faults.rows import (
    ASKS,
    AWAY,
    BUSY,
    CONFIG,
    FINE,
    KEPT,
    REFUSED,
    Expected,
    Outcome,
    Row,
    lost,
)
from tests.torture.faults.rows_tokens import ESCAPES, LONG


def transient(name: str, fault: Refuse | Says, discovery: Expected = AWAY) -> Row:
    """It passes."""
    return Row(name, fault, discovery, BUSY, KEPT, BUSY)


def person(name: str, fault: Refuse | Says) -> Row:
    """Only somebody who signs in can cure it."""
    return Row(name, fault, AWAY, REFUSED, lost(77), ASKS)


def blocked(name: str, fault: Refuse | Says) -> Row:
    """Only an administrator can: nobody is asked about a renewal, and a sign-in is not asked for soon."""
    refused = Expected(Outcome.RETRIED, 77)
    return Row(name, fault, AWAY, refused, lost(77), refused, slow_seconds=1800)


def looped(name: str, fault: Refuse | Says) -> Row:
    """The authority is left alone for five minutes."""
    return Row(name, fault, AWAY, BUSY, KEPT, BUSY, slow_seconds=300)


def settings(name: str, fault: Refuse | Says) -> Row:
    """Only a change of the settings or of the app registration can."""
    return Row(name, fault, CONFIG, CONFIG, CONFIG, CONFIG)


def says(error: object, status: int = 400, **more: object) -> Says:
    """An OAuth error of any name."""
    return Says(status, {"error": error, **more})


ERRORS = [
    Row("slow_down", says("slow_down"), AWAY, BUSY, FINE, BUSY),
    Row("authorization_pending", says("authorization_pending"), AWAY, BUSY, FINE, BUSY),
    Row("expired_token", Refuse(70020), AWAY, BUSY, lost(0), BUSY),
    Row("code_expired", says("code_expired"), AWAY, BUSY, lost(0), BUSY),
    Row("bad_verification_code", Refuse(70018), AWAY, BUSY, lost(0), BUSY),
    Row("authorization_declined", Refuse(65004), AWAY, BUSY, lost(77), BUSY),
    Row("access_denied", says("access_denied"), AWAY, BUSY, lost(77), BUSY),
    transient("temporarily_unavailable 400", Refuse(90033, status=400)),
    transient("server_error", says("server_error")),
    transient("an error nobody knows", says("something_new", error_description="It is new.")),
    transient("an error in a 200", says("something_new", 200), CONFIG),
    transient("an error of control characters", says(ESCAPES, error_description=ESCAPES, suberror=ESCAPES)),
    transient("an error of 100 kB", says(LONG, error_description=LONG, correlation_id=LONG)),
    transient("error null", says(None)),
    transient("error a list", says(["invalid_grant"])),
    transient("error a number", says(7, error_codes="x", error_description=["y"], suberror={"z": 1})),
    transient("error empty", says("")),
    person("invalid_grant", says("invalid_grant")),
    person("invalid_grant in a 401", says("invalid_grant", 401, error_codes=[50097])),
    person("invalid_grant with odd numbers", says("invalid_grant", error_codes=["50173", None, 1e99, {}])),
    person("interaction_required", says("interaction_required", claims='{"access_token":{}}')),
    person("login_required", says("login_required")),
    person("consent_required", says("consent_required")),
    person("AADSTS50057 disabled", Refuse(50057)),
    person("AADSTS50076 second factor", Refuse(50076)),
    person("AADSTS50079 second factor to be set up", Refuse(50079)),
    person("AADSTS50173 revoked", Refuse(50173)),
    looped("AADSTS50196 loop", Refuse(50196)),
    blocked("AADSTS53003 conditional access", Refuse(53003)),
    blocked("message_only without a number", says("interaction_required", suberror="message_only")),
    person("AADSTS53003 without a suberror", says("invalid_grant", error_codes=[53003])),
    person("AADSTS54005 redeemed before", Refuse(54005)),
    person("AADSTS65001 consent", Refuse(65001)),
    person("AADSTS70000 not valid", Refuse(70000)),
    person("AADSTS70043 sign-in frequency", Refuse(70043)),
    person("AADSTS70043 as interaction_required", Refuse(70043, error="interaction_required")),
    blocked("AADSTS530036 device code blocked", Refuse(530036)),
    person("AADSTS700082 inactive", Refuse(700082)),
    settings("invalid_client", says("invalid_client", 401)),
    settings("invalid_request", says("invalid_request")),
    settings("unsupported_grant_type", Refuse(70003)),
    settings("AADSTS28000 several resources", Refuse(28000)),
    settings("AADSTS50059 no tenant", Refuse(50059)),
    settings("AADSTS50194 not multi-tenant", Refuse(50194)),
    settings("AADSTS70011 bad scope", Refuse(70011)),
    settings("AADSTS90002 no such tenant", Refuse(90002)),
    settings("AADSTS500011 no such resource", Refuse(500011)),
    settings("AADSTS700016 no such app", Refuse(700016)),
    settings("AADSTS900144 parameter missing", Refuse(900144)),
    settings("AADSTS7000112 app disabled", Refuse(7000112)),
    settings("AADSTS7000218 no public client", Refuse(7000218)),
]
