"""What happens below HTTP, and what a network puts in the authority's place."""

from __future__ import annotations

from tests.emulator.faults import Drip, Hang, Html, LostAnswer, Reset, Truncated
from tests.torture.faults.doors import Detour
from tests.torture.faults.odd_faults import ELSEWHERE, Says, Shifted
from tests.torture.faults.rows import AWAY, BUSY, FINE, Row, everywhere, lost

NETWORK = [
    everywhere("reset", Reset(), AWAY),
    everywhere("hang", Hang(), AWAY),
    everywhere("connection ends without an answer", Hang(0), AWAY),
    everywhere("slow drip", Drip(0.05), AWAY),
    everywhere("truncated body", Truncated(0.5), AWAY),
    everywhere("headers alone", Truncated(0.0), AWAY),
    Row("answer lost", LostAnswer(), AWAY, AWAY, None, AWAY),
    Row("answer with the token lost", LostAnswer(), poll=lost(77), approved=True, only_once=True),
    everywhere("name does not resolve", Detour.UNRESOLVED, AWAY),
    everywhere("name server hangs", Detour.RESOLVER_HANGS, AWAY),
    everywhere("connection refused", Detour.REFUSED, AWAY),
    everywhere("connection hangs", Detour.SILENT, AWAY),
    everywhere("connection closed at once", Detour.CLOSED, AWAY),
    everywhere("not TLS", Detour.PLAIN, AWAY),
    everywhere("certificate expired", Detour.EXPIRED, AWAY),
    everywhere("certificate untrusted", Detour.UNTRUSTED, AWAY),
    everywhere("certificate of another name", Detour.WRONG_NAME, AWAY),
    everywhere("proxy says 403", Detour.PROXY_FORBIDS, AWAY),
    everywhere("proxy says 407", Detour.PROXY_WANTS_A_PASSWORD, AWAY),
    everywhere("proxy hangs", Detour.PROXY_HANGS, AWAY),
    everywhere("proxy is not there", Detour.PROXY_IS_GONE, AWAY),
    everywhere("HTML 200", Html(200), AWAY),
    everywhere("HTML 302", Html(302, location=ELSEWHERE), AWAY),
    everywhere("HTML 307", Html(307, location=ELSEWHERE), AWAY),
    everywhere("HTML 308", Html(308, location=ELSEWHERE), AWAY),
    everywhere("HTML 303", Html(303, location=ELSEWHERE), AWAY),
    everywhere("HTML 403", Html(403), AWAY),
    everywhere("HTML 404", Html(404), AWAY),
    everywhere("HTML 410", Html(410), AWAY),
    everywhere("HTML 503", Html(503), BUSY),
    everywhere("JSON 302", Says(302, {}, {"Location": ELSEWHERE}), AWAY),
    everywhere("OAuth error in a 302", Says(302, {"error": "invalid_grant"}, {"Location": ELSEWHERE}), AWAY),
    everywhere("JSON 304", Says(304, {}), AWAY),
    everywhere("server five hours fast", Shifted(18000), FINE),
    everywhere("server five hours slow", Shifted(-18000), FINE),
]
