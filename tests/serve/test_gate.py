"""Who may come in, decided from the request alone."""

from __future__ import annotations

import base64

import pytest

from sidecar.core.web import Request
from sidecar.serve.gate import Entrance, Gate

SECRET = "s3cret-of-sixteen-or-more"
LOCAL = Gate(loopback=True, hosts=frozenset({"entra-serve"}), secret=SECRET)
OPEN_TO_ALL = Gate(loopback=False, hosts=frozenset({"entra-serve"}), secret=SECRET)


def request(**headers: str | None) -> Request:
    """One from this machine; a header of None is left out."""
    given = {"host": "127.0.0.1:8484"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        "GET",
        "/readiness",
        headers={name: value for name, value in given.items() if value is not None},
        peer="127.0.0.1",
    )


def status(gate: Gate, entrance: Entrance, **headers: str | None) -> int | None:
    """Of the refusal; None if there is none."""
    refused = gate.objection(request(**headers), entrance)
    return refused.status if refused else None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:8484", "localhost.", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8484"),
        *("entra-serve", "Entra-Serve:8484"),
    ],
)
@pytest.mark.parametrize("gate", [LOCAL, OPEN_TO_ALL], ids=["loopback", "elsewhere"])
def test_own_names_are_known_everywhere(gate: Gate, host: str) -> None:
    """Loopback's, in any spelling and with any port, and those that SIDECAR_SERVE_HOSTS names."""
    assert status(gate, Entrance.OPEN, host=host, x_identity_header=SECRET) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.1", "2130706433", "x"]
)
@pytest.mark.parametrize("gate", [LOCAL, OPEN_TO_ALL], ids=["loopback", "elsewhere"])
def test_a_name_that_is_not_ours_is_refused_even_with_the_secret(gate: Gate, host: str) -> None:
    """DNS rebinding: a page whose own name leads to our address asks by that name."""
    assert status(gate, Entrance.OPEN, host=host, x_identity_header=SECRET) == 421


@pytest.mark.parametrize("host", ["10.1.2.3", "[fd00::5]:8484", "169.254.169.254"])
def test_an_address_is_known_where_others_may_ask(host: str) -> None:
    """It cannot be rebound; on loopback nobody has a reason to use it."""
    assert status(OPEN_TO_ALL, Entrance.OPEN, host=host, x_identity_header=SECRET) is None
    assert status(LOCAL, Entrance.OPEN, host=host, x_identity_header=SECRET) == 421


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "a b", "localhost, evil.example", "localhost:8484:1", "localhost:", "local\x00host"),
        *("[::1", "user@localhost", "localhost/", "[::1].evil.example", "localhost\u0131"),
    ],
)
def test_a_host_header_that_is_none_is_a_bad_request(host: str | None) -> None:
    """Missing, given twice, or with more than a name and a port in it."""
    assert status(LOCAL, Entrance.OPEN, host=host) == 400


def basic(told: str) -> str:
    """As a browser sends it."""
    return "Basic " + base64.b64encode(told.encode()).decode()


RIGHT = [
    {"x_identity_header": SECRET},
    {"authorization": f"Bearer {SECRET}"},
    {"authorization": f"bearer {SECRET}"},
    {"authorization": basic(f"anybody:{SECRET}")},
    {"authorization": basic(f":{SECRET}")},
]
WRONG: list[dict[str, str]] = [
    {},
    {"x_identity_header": ""},
    {"x_identity_header": SECRET[:-1]},
    {"x_identity_header": f"{SECRET}x"},
    {"x_identity_header": f"{SECRET}, {SECRET}"},
    {"x_identity_header": SECRET.upper()},
    {"x_identity_header": "\u00e9\u0131"},
    {"authorization": SECRET},
    {"authorization": f"Digest {SECRET}"},
    {"authorization": "Bearer "},
    {"authorization": basic(SECRET)},
    {"authorization": basic(f"{SECRET}:anybody")},
    {"authorization": "Basic ???"},
    {"authorization": "Basic " + base64.b64encode(b":\xff\xfe").decode()},
]


@pytest.mark.parametrize("headers", RIGHT)
@pytest.mark.parametrize(
    ("gate", "entrance"),
    [(LOCAL, Entrance.SECRET), (OPEN_TO_ALL, Entrance.SECRET), (OPEN_TO_ALL, Entrance.OPEN)],
)
def test_the_secret_opens_in_three_ways(gate: Gate, entrance: Entrance, headers: dict[str, str]) -> None:
    """As managed identity sends it, as Prometheus does, and as a browser does."""
    assert status(gate, entrance, **headers) is None


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize(
    ("gate", "entrance"),
    [(LOCAL, Entrance.SECRET), (OPEN_TO_ALL, Entrance.SECRET), (OPEN_TO_ALL, Entrance.OPEN)],
)
def test_without_the_secret_a_browser_is_told_to_ask_for_it(
    gate: Gate, entrance: Entrance, headers: dict[str, str]
) -> None:
    """401 with the scheme, and nothing of what was given."""
    refused = gate.objection(request(**headers), entrance)
    assert refused is not None
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert refused.body == b"the secret is missing or wrong\n"


def test_loopback_asks_nothing_for_what_is_no_secret() -> None:
    """Health, metrics and the page, for whoever is on this machine or in this pod."""
    assert status(LOCAL, Entrance.OPEN) is None


@pytest.mark.parametrize("gate", [LOCAL, OPEN_TO_ALL], ids=["loopback", "elsewhere"])
@pytest.mark.parametrize("headers", [{}, {"x_identity_header": ""}, {"x_identity_header": "None"}])
def test_a_door_that_wants_a_secret_is_closed_where_none_is_set(gate: Gate, headers: dict[str, str]) -> None:
    """An empty header is not an unset secret; the reply says the setting."""
    without = Gate(gate.loopback, gate.hosts)
    refused = without.objection(request(**headers), Entrance.SECRET)
    assert refused is not None
    assert refused.status == 403
    assert b"SIDECAR_SERVE_SECRET_FILE" in refused.body


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    """Another port of this host is another site, and a password that the browser keeps does not help."""
    assert status(LOCAL, Entrance.OPEN, **headers) == 403
    assert status(OPEN_TO_ALL, Entrance.SECRET, x_identity_header=SECRET, **headers) == 403


FOLLOWED = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


def test_a_person_may_follow_a_link_but_never_to_a_token() -> None:
    """From a chat to the status page; where tokens are, nobody browses."""
    assert status(LOCAL, Entrance.OPEN, **FOLLOWED) is None
    assert status(LOCAL, Entrance.SECRET, x_identity_header=SECRET, **FOLLOWED) == 403
    assert status(LOCAL, Entrance.METADATA, metadata="true", **FOLLOWED) == 403


@pytest.mark.parametrize(
    "headers",
    [{"sec_fetch_site": "none"}, {"sec_fetch_site": "same-origin", "origin": "http://127.0.0.1:8484"}],
)
def test_our_own_page_may_ask(headers: dict[str, str]) -> None:
    """What a person typed, and what the page itself fetches."""
    assert status(LOCAL, Entrance.OPEN, **headers) is None


def test_the_metadata_door_asks_for_its_header_and_no_secret() -> None:
    """As Azure's: a page cannot set it; what is missing is said in Azure's words."""
    assert status(LOCAL, Entrance.METADATA, metadata="true") is None
    assert status(LOCAL, Entrance.METADATA, metadata="True") is None
    assert status(LOCAL, Entrance.METADATA) == 400
    assert status(LOCAL, Entrance.METADATA, metadata="false") == 400


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded"])
def test_the_metadata_door_is_closed_to_proxies(header: str) -> None:
    """A request that an app was tricked to send on has one of these."""
    assert status(LOCAL, Entrance.METADATA, metadata="true", **{header: "10.0.0.1"}) == 403


@pytest.mark.parametrize("peer", ["10.0.0.9", "fe80::1%eth0", ""])
def test_the_metadata_door_is_for_loopback_alone(peer: str) -> None:
    """Neither another peer nor another address than loopback's to listen on."""
    strange = Request("GET", "/", headers={"host": "localhost", "metadata": "true"}, peer=peer)
    refused = LOCAL.objection(strange, Entrance.METADATA)
    assert refused is not None
    assert refused.status == 403
    assert status(OPEN_TO_ALL, Entrance.METADATA, metadata="true", x_identity_header=SECRET) == 403


def test_the_secret_is_in_no_repr() -> None:
    """A traceback or a log line that shows the gate shows no secret."""
    assert SECRET not in repr(LOCAL)
