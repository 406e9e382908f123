"""`/metrics`: every number as the files have it, in a form that Prometheus takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sidecar.adapters.token_dir import Document
from sidecar.core.history import OTHERS, TURN, History
from sidecar.core.journal import Journal
from sidecar.core.kubernetes.copies import Copy
from sidecar.core.schedule import Anchor, Attempts
from sidecar.core.session import Session, Told
from sidecar.core.web import Reply, Request
from sidecar.serve.measures import METRICS, PREFIX, samples
from sidecar.serve.metrics import metrics
from sidecar.status import Found
from tests.core.strategies import NOW, copies, journals, json_values
from tests.serve.without_unused import ROOT, left_out

BOOT = 5000
SECRETS = {name for name in METRICS if name.startswith("secret_")}
NOTHING = Found(published={}, journal=Journal(), prompt=None, now=NOW)
SOUND = replace(
    NOTHING,
    published={"": {"expires_on": NOW + 3000}, "arm": {"expires_on": NOW - 5}},
    journal=Journal(
        tokens={
            "": Attempts(succeeded_on=NOW - 600),
            "arm": Attempts(failures=3, succeeded_on=NOW - 4000),
            "kv": Attempts(failures=9),
        },
        anchor=Anchor(wall=NOW - 10.5, boot=BOOT - 10.5, boot_id="b"),
        wake_on=NOW + 50,
        session=Session(signed_in_on=NOW - 9000, told=Told(NOW - 600, NOW + 80000, fixed=True)),
        clock_offset_seconds=-120,
    ),
    ready_until=NOW + 2940,
    live_until=NOW + 3000,
    heartbeat=BOOT - 7,
    copies={"apps/entra-token": Copy(NOW + 3000, NOW - 600), "jobs/entra-token": Copy(failures=4)},
    history=History(
        since=NOW - 9000,
        counts={
            ("refresh.succeeded", "", ""): 4,
            ("refresh.failed", "arm", "authority-busy"): 2,
            ("signin.blocked", "arm", "signin-blocked"): 1,
            ("refresh.signin_required", "", "signin-required"): 1,
            ("refresh.failed", OTHERS, "authority-busy"): 7,
            ("refresh.failed", TURN, "directory-error"): 5,
            ("signin.failed", "", "signin-timed-out"): 2,
            ("signin.blocked", TURN, "signin-blocked"): 1,
            ("signin.withdrawn", "", "expired"): 3,
            ("token.published", "", ""): 6,
        },
    ),
)


def asked(found: Found, accept: str = "") -> Reply:
    """What a scrape gets."""
    return metrics(lambda: found, boot=lambda: BOOT)(Request("GET", "/metrics", headers={"accept": accept}))


def told(found: Found) -> dict[str, float]:
    """Every sample by name and labels, these by their names, as Prometheus reads them."""
    return {
        sample.name.removeprefix(PREFIX)
        + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(asked(found).body.decode())
        for sample in family.samples
    }


def test_every_token_is_told_of_with_its_times_and_counts() -> None:
    """The published, the expired, and the one that was wanted and never came."""
    found = told(SOUND)
    expected = {
        "token_expiry_timestamp_seconds token": NOW + 3000,
        "token_expiry_timestamp_seconds arm": NOW - 5,
        "token_expiry_timestamp_seconds kv": 0,
        "token_obtained_timestamp_seconds token": NOW - 600,
        "token_obtained_timestamp_seconds kv": 0,
        "token_consecutive_failures token": 0,
        "token_consecutive_failures kv": 9,
        "token_renewals_total token": 4,
        "token_renewals_total kv": 0,
        "token_renewal_failures_total authority-busy arm": 2,
        "token_renewal_failures_total signin-blocked arm": 1,
        "token_renewal_failures_total signin-required token": 1,
        "token_renewal_failures_total authority-busy *": 7,
    }
    assert expected.items() <= found.items()


def test_turns_probes_and_clock_are_told_of() -> None:
    """Instants are absolute, so that an alert needs no scrape to be fresh."""
    expected = {
        "probe_green_until_timestamp_seconds startup": NOW + 3000,
        "probe_green_until_timestamp_seconds readiness": NOW + 2940,
        "probe_green_until_timestamp_seconds liveness": NOW + 173,
        "outage_budget_seconds": 2940,
        "heartbeat_timestamp_seconds": NOW - 7,
        "last_turn_timestamp_seconds": NOW - 11,
        "next_turn_timestamp_seconds": NOW + 50,
        "turn_failures_total directory-error": 5,
        "publications_total": 6,
        "withdrawals_total": 0,
        "clock_offset_seconds": -120,
        "counting_since_timestamp_seconds": NOW - 9000,
    }
    assert expected.items() <= told(SOUND).items()


def test_signin_is_told_of() -> None:
    """Its end if it is known, every way in which a prompt can end, and nothing that is not known."""
    found = told(SOUND)
    expected = {
        "signin_required": 0,
        "signin_timestamp_seconds": NOW - 9000,
        "signin_end_timestamp_seconds": NOW + 80000,
        "signin_failures_total signin-timed-out": 2,
        "signin_failures_total signin-blocked": 1,
        "prompts_total expired": 3,
        "prompts_total completed": 0,
        "prompt_open": 0,
        "prompt_expiry_timestamp_seconds": 0,
    }
    assert expected.items() <= found.items()
    assert "signin_end_timestamp_seconds" not in told(NOTHING)


@pytest.mark.parametrize("seconds_left", [600, -600])
def test_open_prompt_is_told_of_without_its_code(seconds_left: int) -> None:
    """A person is needed also where a killed turn left a prompt behind; open it is no more."""
    prompt = {
        "verification_uri": "https://login.example",
        "user_code": "ABCD-EFGH",
        "expires_on": NOW + seconds_left,
    }
    found = told(replace(NOTHING, prompt=prompt))
    assert (found["prompt_open"], found["signin_required"]) == (seconds_left > 0, 1)
    assert found["prompt_expiry_timestamp_seconds"] == NOW + seconds_left
    assert b"ABCD" not in asked(replace(NOTHING, prompt=prompt)).body


@pytest.mark.parametrize("record", [Attempts(waits=True), Attempts(failures=1)])
def test_need_of_a_person_outlasts_the_prompt(record: Attempts) -> None:
    """Between two prompts, and outside the hours in which people are asked."""
    journal = Journal(tokens={"": record}) if record.waits else Journal(signin=record)
    assert told(replace(NOTHING, journal=journal))["signin_required"] == 1


def test_heartbeat_of_an_earlier_boot_is_none() -> None:
    """The boot clock began anew, and the loop has not beaten since."""
    found = told(replace(SOUND, heartbeat=BOOT + 1))
    assert found["heartbeat_timestamp_seconds"] == 0
    assert found["probe_green_until_timestamp_seconds liveness"] == 0


def test_every_declared_metric_is_told_and_no_other() -> None:
    """What the documents list is what a scrape has."""
    assert {name for name, _, _ in samples(SOUND, boot=BOOT)} == METRICS.keys()
    for name, labels, _ in samples(SOUND, boot=BOOT):
        assert len(labels) == len(METRICS[name].labels), name


@settings(deadline=None)  # the first scrape imports the library
@given(
    journal=journals,
    prompt=st.none() | st.dictionaries(st.sampled_from(["expires_on", "user_code"]), json_values),
    expires_on=json_values,
    name=st.text(max_size=5),
    numbers=st.tuples(*[st.none() | st.integers(0, 10**12)] * 3),
    copies=st.dictionaries(st.text(max_size=5), copies),
)
def test_whatever_the_files_hold_a_scrape_is_answered(
    journal: Journal,
    prompt: Any,
    expires_on: Any,
    name: str,
    numbers: tuple[int | None, int | None, int | None],
    copies: dict[str, Copy],
) -> None:
    """A damaged file costs its number, not the scrape; no label forges a line."""
    history = History(since=NOW, counts={("refresh.failed", name, name): 1})
    found = Found(
        {name: {"expires_on": expires_on}}, journal, prompt, NOW, numbers[0], history, *numbers[1:], copies
    )
    assert METRICS.keys() - {each.split(" ")[0] for each in told(found)} <= {
        "turn_failures_total",
        "signin_failures_total",
        "signin_timestamp_seconds",
        "signin_end_timestamp_seconds",
        "token_renewal_failures_total",
        *([] if copies else SECRETS),
    }


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=x", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=9.9.9", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0.zz, */*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=;;=,,version", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_form_is_the_one_asked_for(accept: str, content_type: str) -> None:
    """Prometheus's two; whoever asks for what is none gets the older, and none of its own words back."""
    reply = asked(SOUND, accept)
    assert reply.status == 200
    assert reply.content_type.startswith(content_type)
    assert reply.body.endswith(b"# EOF\n") == ("openmetrics" in content_type)


def test_name_that_no_encoding_has_is_still_told() -> None:
    """Half of a surrogate pair, out of a damaged file."""
    assert asked(replace(NOTHING, published={"\ud800": {}})).status == 200


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: Debian's package prometheus has it"
)
@pytest.mark.parametrize("found", [NOTHING, SOUND], ids=["nothing", "sound"])
def test_promtool_has_no_objection(found: Found) -> None:
    """Names, units, help: `promtool check metrics` says nothing."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=asked(found).body, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_fifty_tokens_are_a_small_answer() -> None:
    """Some 25 KB."""
    tokens = {f"token-{number}": Attempts(succeeded_on=NOW) for number in range(50)}
    published = {name: {"expires_on": NOW + 3600} for name in tokens}
    counts = {("refresh.succeeded", name, ""): 10 for name in tokens}
    found = replace(
        NOTHING, published=published, journal=Journal(tokens=tokens), history=History(NOW, counts)
    )
    assert len(asked(found).body) < 40_000


def test_nothing_of_the_token_is_told() -> None:
    """Not the token, not who it is of."""
    secret = "eyJ0eXAi" + "x" * 40
    document: Document = {
        "access_token": secret,
        "expires_on": NOW,
        "username": "alice@contoso.example",
        "object_id": "oid-1",
    }
    body = asked(replace(NOTHING, published={"": document})).body.decode()
    assert not any(word in body for word in (secret, "alice", "oid-1"))


def test_image_has_what_a_scrape_imports() -> None:
    """Nothing of the standard library that image/root.sh leaves out."""
    assert {"unittest", "sqlite3", "_bz2"} <= left_out()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.serve.without_unused"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("entra_sidecar_prompt_open 0.0") == 2
