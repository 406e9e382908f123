"""Good answers with one odd thing in them: of the token endpoint, the device endpoint and discovery."""

from __future__ import annotations

from typing import Any

from tests.emulator.faults import Answer
from tests.torture.faults.odd_faults import for_somebody_else, put, with_claims, without
from tests.torture.faults.rows import (
    BUSY,
    CONFIG,
    FINE,
    REFUSED,
    Expected,
    Row,
    lost,
)

ESCAPES = '\x1b]0;owned\x07\x1b[2J\r\n\u202e{"event": "signin.completed"}\x00\x9b31m'
LONG = "x" * 100_000
NAN = float("nan")
ODD_SECONDS: tuple[object, ...] = (0, -5, 10**9, 10**30, "soon", NAN, None, [])


def token(name: str, fault: Answer, poll: Expected, renewal: Expected) -> Row:
    """A row of the token endpoint; an account that is not allowed is a person's doing."""
    return Row(name, fault, poll=poll, renewal=renewal, approved=True, only_once=poll == lost(0))


def code(name: str, fault: Answer, expected: Expected) -> Row:
    """A row of the device authorization endpoint."""
    return Row(name, fault, device_code=expected)


def found(name: str, fault: Answer, expected: Expected) -> Row:
    """A row of the discovery document."""
    return Row(name, fault, discovery=expected)


def claims(**changes: Any) -> Answer:
    """Another ID token."""
    return Answer(mutate=lambda answer: with_claims(answer, **changes))


def longer(answer: dict[str, Any]) -> None:
    """A token of 200 kB, as no header takes it, but who are we to judge."""
    answer["access_token"] += "~" * 200_000


LIVES = [
    token(f"expires_in {str(value)[:20]!r}", put(expires_in=value), poll, renewal)
    for value, poll, renewal in (
        (0, lost(75), BUSY),
        (-1, lost(75), BUSY),
        (-(10**12), FINE, FINE),
        (10**9, FINE, FINE),
        (10**30, FINE, FINE),
        (1e308, FINE, FINE),
        (NAN, FINE, FINE),
        ("3599", FINE, FINE),
        ("0", lost(75), BUSY),
        ("soon", FINE, FINE),
        (3599.7, FINE, FINE),
        (0.5, lost(75), BUSY),
        (None, FINE, FINE),
        (True, FINE, FINE),
        ([3600], FINE, FINE),
    )
]
LIVES += [
    token("expires_in absent", without("expires_in"), FINE, FINE),
    *(
        token(f"refresh_in {str(value)[:20]!r}", put(refresh_in=value), FINE, FINE)
        for value in (*ODD_SECONDS, 59.5, "60")
    ),
    *(
        token(f"ext_expires_in {str(value)[:20]!r}", put(ext_expires_in=value), FINE, FINE)
        for value in ODD_SECONDS
    ),
]

TOKENS = [
    token("access_token absent", without("access_token"), lost(75), BUSY),
    *(
        token(f"access_token {name}", put(access_token=value), lost(75), BUSY)
        for name, value in (
            ("empty", ""),
            ("with a space", "two words"),
            ("with a newline", "one\ntwo"),
            ("with control characters", ESCAPES),
            ("beyond ASCII", "töken"),
            ("null", None),
            ("a number", 7),
            ("a list", ["x"]),
        )
    ),
    token("access_token of 200 kB", Answer(mutate=longer), FINE, FINE),
    token("scope narrowed", put(scope="openid profile"), FINE, FINE),
    token("scope absent", without("scope"), FINE, FINE),
    token("scope empty", put(scope=""), FINE, FINE),
    token("scope with control characters", put(scope=ESCAPES), FINE, FINE),
    token("scope null", put(scope=None), FINE, FINE),
    token("scope a list", put(scope=["a"]), FINE, FINE),
    *(
        token(f"token_type {value!r}", put(token_type=value), FINE, FINE)
        for value in ("bearer", "BEARER", "", None, 7)
    ),
    token("token_type of control characters", put(token_type=ESCAPES), FINE, FINE),
    token("token_type absent", without("token_type"), FINE, FINE),
    token("refresh_token absent", without("refresh_token"), FINE, FINE),
    token("refresh_token empty", put(refresh_token=""), FINE, FINE),
    token("refresh_token null", put(refresh_token=None), FINE, FINE),
    token("id_token absent", without("id_token"), CONFIG, FINE),
    token("id_token broken", put(id_token="abc"), CONFIG, FINE),
    token("id_token of broken base64", put(id_token="a.!!!.c"), CONFIG, FINE),
    token("id_token of a list", put(id_token="e30.W10.c"), CONFIG, FINE),
    token("id_token null", put(id_token=None), CONFIG, FINE),
    token("id_token without names", claims(preferred_username=None, upn=None), lost(0), FINE),
    token("id_token of control characters", claims(name=ESCAPES), FINE, FINE),
    token("id_token with times of text", claims(exp="x", iat=[], nbf={}), FINE, FINE),
    token("id_token that has expired", claims(exp=1, nbf=0, iat=0), FINE, FINE),
    token("client_info absent", without("client_info"), FINE, FINE),
    token("client_info broken", put(client_info="%%%"), FINE, FINE),
    token("client_info a list", put(client_info="W10"), FINE, FINE),
    token(
        "client_info of escapes",
        put(client_info="eyJ1aWQiOiAiXHUwMDFiXG4iLCAidXRpZCI6ICJcdTIwMmUifQ"),
        FINE,
        FINE,
    ),
    token("of another account", Answer(mutate=for_somebody_else), lost(0), REFUSED),
]

CODES = [
    *(
        code(f"code: expires_in {str(value)[:20]!r}", put(expires_in=value), FINE)
        for value in (*ODD_SECONDS, 899.5, "900")
    ),
    code("code: expires_in absent", without("expires_in"), FINE),
    *(
        code(f"code: interval {str(value)[:20]!r}", put(interval=value), FINE)
        for value in (*ODD_SECONDS, "5", "2.0")
    ),
    code("code: interval absent", without("interval"), FINE),
    code("code: no user_code", without("user_code"), BUSY),
    code("code: no device_code", without("device_code"), BUSY),
    code("code: no verification_uri", without("verification_uri"), CONFIG),
    code("code: user_code a number", put(user_code=123456), BUSY),
    code("code: device_code a list", put(device_code=["x"]), BUSY),
    code("code: verification_uri a list", put(verification_uri=["x"]), CONFIG),
    *(
        code(f"code: {key} of escapes", put(**{key: ESCAPES}), FINE)
        for key in ("user_code", "verification_uri", "message", "verification_uri_complete")
    ),
    *(
        code(f"code: {key} of 100 kB", put(**{key: LONG}), FINE)
        for key in ("user_code", "verification_uri", "message", "verification_uri_complete")
    ),
    code("code: message a list", put(message=["x"]), FINE),
]

DOCUMENTS = [
    found("document: no token_endpoint", without("token_endpoint"), CONFIG),
    found("document: no device endpoint", without("device_authorization_endpoint"), CONFIG),
    found("document: no authorization_endpoint", without("authorization_endpoint"), CONFIG),
    found("document: device endpoint in clear", put(device_authorization_endpoint="http://x/"), CONFIG),
    found("document: device endpoint a number", put(device_authorization_endpoint=7), CONFIG),
    found("document: device endpoint a list", put(device_authorization_endpoint=["x"]), CONFIG),
    found("document: token_endpoint a number", put(token_endpoint=7), CONFIG),
    found("document: issuer a number", put(issuer=7), FINE),
    found("document: issuer absent", without("issuer"), FINE),
    found("document: nested", put(x=[[[[[{}]]]]]), FINE),
]
