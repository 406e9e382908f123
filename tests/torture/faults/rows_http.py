"""Statuses, Retry-After, and bodies that are no OAuth answer."""

from __future__ import annotations

from tests.emulator.faults import Status, WrongShape
from tests.torture.faults.odd_faults import Dated, Labelled, Rewritten, Says, put
from tests.torture.faults.rows import AWAY, BUSY, CONFIG, FINE, KEPT, Row, everywhere

DEEP = 100_000

STATUSES = [
    everywhere("429", Status(429), BUSY),
    everywhere("429 in JSON", Status(429, body="json"), BUSY),
    everywhere("500", Status(500), BUSY),
    everywhere("502", Status(502), BUSY),
    everywhere("503 in JSON", Status(503, body="json"), BUSY),
    everywhere("504", Status(504), BUSY),
    everywhere("429 Retry-After 7", Status(429, 7), BUSY, pause_seconds=7),
    everywhere("429 Retry-After 120", Status(429, 120), BUSY, pause_seconds=120),
    everywhere("503 Retry-After 300", Status(503, 300), BUSY, pause_seconds=300),
    everywhere("503 Retry-After as a date", Dated(120), BUSY, pause_seconds=119),
    everywhere("503 Retry-After in the past", Dated(-3600), BUSY),
    everywhere("503 Retry-After of two days", Status(503, 172800), BUSY, pause_seconds=3600),
    everywhere("503 Retry-After of ages", Status(503, "9" * 40), BUSY, pause_seconds=3600),
    everywhere("503 Retry-After as a date in ages", Dated(10**9), BUSY, pause_seconds=3600),
    everywhere("429 Retry-After 0", Status(429, 0), BUSY),
    everywhere("429 Retry-After negative", Status(429, "-5"), BUSY),
    everywhere("429 Retry-After garbage", Status(429, "soon; now, later"), BUSY),
    everywhere("429 Retry-After empty", Status(429, ""), BUSY),
    everywhere("429 Retry-After other digits", Status(429, "\u00b2"), BUSY),
    everywhere("429 Retry-After not a day", Status(429, "Mon, 99 Foo 99999 99:99:99 GMT"), BUSY),
]

SHAPES = [
    everywhere("list", WrongShape([]), AWAY),
    everywhere("null", WrongShape(None), AWAY),
    everywhere("number", WrongShape(7), AWAY),
    everywhere("text", WrongShape("invalid_grant"), AWAY),
    everywhere("NaN", WrongShape(raw=b"NaN"), AWAY),
    everywhere("empty body", WrongShape(raw=b""), AWAY),
    everywhere("not JSON", WrongShape(raw=b"{'error': }"), AWAY),
    everywhere("not UTF-8", WrongShape(raw=b"\xff\xfe{\x00}\x00"), AWAY),
    everywhere("lists nested deep", WrongShape(raw=b"[" * DEEP), AWAY),
    everywhere("objects nested deep", WrongShape(raw=b'{"a":' * DEEP + b"1" + b"}" * DEEP), AWAY),
    everywhere("body of two MiB", WrongShape({"error": "x" * (2 << 20)}), AWAY),
    everywhere("digits without end", WrongShape(raw=b'{"expires_in":' + b"9" * 5000 + b"}"), AWAY),
    Row("empty object", WrongShape({}), CONFIG, AWAY, KEPT, AWAY),
    Row("object of strangers", WrongShape({"error_uri": [], "a": {"b": None}}), CONFIG, AWAY, KEPT, AWAY),
    Row("401 in no OAuth words", Says(401, {"message": "Unauthorized"}), AWAY, AWAY, KEPT, AWAY),
    Row("404 in no OAuth words", Says(404, {"message": "Not Found"}), CONFIG, AWAY, KEPT, AWAY),
    Row("201", Says(201, {}), AWAY, AWAY, KEPT, AWAY),
    everywhere("content type of text", Labelled("text/plain"), FINE),
    everywhere("content type of HTML", Labelled("text/html; charset=x-none"), FINE),
    everywhere("content type of control characters", Labelled("\x1b[2J\x07"), FINE),
    everywhere("Retry-After beside a good answer", Labelled(headers={"Retry-After": "30"}), FINE),
    everywhere("byte order mark", Rewritten(lambda body: b"\xef\xbb\xbf" + body), AWAY),
    everywhere("padded with spaces", Rewritten(lambda body: b" " * 100_000 + body + b"\n" * 1000), FINE),
    everywhere("unknown keys", put(x={"y": [None] * 1000}, **{"\x00": "\x1b"}), FINE),
    everywhere(
        "every key twice",
        Rewritten(
            lambda body: (
                b'{"access_token":"x","user_code":"x","error_codes":[1],"token_endpoint":7,' + body[1:]
            )
        ),
        FINE,
    ),
]
