"""The role `status`: for programs every key, for people a table, for nobody a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar import status
from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, Document, TokenDirectory
from sidecar.cli import main
from sidecar.core.account import Account
from sidecar.core.journal import Journal
from sidecar.core.schedule import Anchor, Attempts
from sidecar.core.status_words import bar, granted, lines
from sidecar.core.time_words import span
from sidecar.core.token import token_document
from sidecar.status import Found
from tests.core.strategies import NOW, accounts, instants, journals, json_values, token_of
from tests.schemas import objections, parsed

BOOT = 5000
ALICE = Account("alice@contoso.example", "oid", "tid", "home")
NOTHING = Found(published={}, journal=Journal(), prompt=None, now=NOW)
PROMPT = {"verification_uri": "https://login.example/device", "user_code": "ABCD-EFGH", "expires_on": NOW}
DOCUMENT_KEYS = ("expires_on", "scope", "username", "object_id", "tenant_id", "client_id")
KEYS = [
    "version",
    "now",
    "account",
    "tokens",
    "secrets",
    "heartbeat_seconds",
    "next_turn_on",
    "outage_budget_seconds",
    "last_error",
    "prompt",
    "next_prompt_on",
    "shared_state",
    "signin_needed",
]


def report(found: Found) -> dict[str, Any]:
    """Of a machine where the loop beat nine seconds ago."""
    return status.report(replace(found, heartbeat=BOOT - 9), boot=BOOT)


def document_of(life_seconds: int, account: Account = ALICE) -> Document:
    """What readers see of a token granted now."""
    return token_document(token_of(life_seconds), account=account, client_id="client", resource=None)


def shown(found: Found) -> str:
    """As people read it."""
    return "".join(f"{line}\n" for line in lines(report(found)))


def test_empty_directories_are_told_as_such() -> None:
    """Every key is there before anything ever happened, and the table says so in words."""
    assert report(NOTHING) == {
        "version": 1,
        "now": NOW,
        "outage_budget_seconds": None,
        "account": None,
        "tokens": {},
        "secrets": {},
        "heartbeat_seconds": 9,
        "next_turn_on": None,
        "last_error": None,
        "prompt": None,
        "next_prompt_on": None,
        "shared_state": None,
        "signin_needed": False,
    }
    assert shown(NOTHING) == "signed in  nobody\ntoken      none published\n"


@pytest.mark.parametrize("odd", ["soon", [5], None, 10**400, float("inf"), True])
def test_damaged_document_is_told_as_expired(odd: Any) -> None:
    """Whatever stands in the place of an expiry, the report and the table are made."""
    found = replace(NOTHING, published={"": {**document_of(3600), "expires_on": odd}})
    assert report(found)["tokens"]["token"]["live"] is False
    assert "EXPIRED" in shown(found)


def test_each_audience_has_its_own_state() -> None:
    """One that was never obtained is there too, with its own message and the time of the next try."""
    failing = Attempts(failures=2, failed_on=NOW - 30, retry_on=NOW + 300, error="AADSTS65001: no consent")
    found = replace(
        NOTHING,
        published={"": document_of(3600)},
        journal=Journal(tokens={"": Attempts(succeeded_on=NOW), "arm": failing}),
    )
    tokens = report(found)["tokens"]
    assert tokens["token"]["error"] is None
    assert tokens["arm"] == {
        "expires_on": None,
        "remaining_seconds": 0,
        "life_seconds": None,
        "live": False,
        "scope": None,
        "published": False,
        "failures": 2,
        "error": "AADSTS65001: no consent",
        "failing_since": NOW - 30,
        "retry_on": NOW + 300,
    }
    assert "arm         not obtained yet\n" in shown(found)
    assert "            AADSTS65001: no consent; tried again in 5 min\n" in shown(found)
    assert objections("status", json.loads(json.dumps(report(found)))) == []


def test_program_finds_account_tokens_and_next_turn() -> None:
    """Each published token by name, the unnamed one as `token`, with its failures."""
    found = Found(
        published={"": document_of(3600), "arm": document_of(-60)},
        journal=Journal(
            tokens={"": Attempts(succeeded_on=NOW - 60), "arm": Attempts(failures=3, failed_on=NOW - 90)},
            wake_on=NOW + 40,
        ),
        prompt=PROMPT,
        now=NOW + 0.5,
        ready_until=NOW + 3540,
    )
    assert report(found) == {
        "version": 1,
        "now": NOW,
        "outage_budget_seconds": 3539,
        "account": {
            "username": "alice@contoso.example",
            "object_id": "oid",
            "tenant_id": "tid",
            "client_id": "client",
        },
        "tokens": {
            "token": {
                "expires_on": NOW + 3600,
                "remaining_seconds": 3599,
                "life_seconds": 3660,
                "live": True,
                "scope": "scope",
                "published": True,
                "failures": 0,
                "error": None,
                "failing_since": None,
                "retry_on": None,
            },
            "arm": {
                "expires_on": NOW - 60,
                "remaining_seconds": -60,
                "life_seconds": None,
                "live": False,
                "scope": "scope",
                "published": True,
                "failures": 3,
                "error": None,
                "failing_since": NOW - 90,
                "retry_on": None,
            },
        },
        "secrets": {},
        "heartbeat_seconds": 9,
        "next_turn_on": NOW + 40,
        "last_error": {"message": None, "since": NOW - 90},
        "prompt": PROMPT,
        "next_prompt_on": None,
        "shared_state": None,
        "signin_needed": False,
    }


@pytest.mark.parametrize(
    ("seconds", "told"), [(3599, 3600), (3600, 3600), (4321, 4320), (120, 120), (58, 58)]
)
def test_life_is_shown_as_it_was_granted(seconds: int, told: int) -> None:
    """The second that a request took is not shown as a minute less."""
    assert granted(seconds) == told


@given(
    published=st.dictionaries(st.sampled_from(["", "arm", "graph"]), accounts, max_size=3),
    journal=journals,
)
@settings(deadline=None)
def test_no_token_is_ever_shown(published: dict[str, Account], journal: Journal) -> None:
    """Neither to programs nor to people, whatever lies in the directories."""
    documents = {
        name: {**document_of(3600, account), "access_token": f"SECRET-{name}"}
        for name, account in published.items()
    }
    found = Found(published=documents, journal=journal, prompt=None, now=NOW)
    assert "SECRET" not in json.dumps(report(found)) + shown(found)
    assert list(report(found)) == KEYS


def test_person_reads_how_long_tokens_live_and_what_comes_next() -> None:
    """Words and times within 80 columns, one thing a line, aligned."""
    found = Found(
        published={"": document_of(2520), "management": document_of(-90), "vault": document_of(60)},
        journal=Journal(tokens={"": Attempts(succeeded_on=NOW - 1080)}, wake_on=NOW + 600),
        prompt={**PROMPT, "phrase": "amber lake"},
        now=NOW,
        ready_until=NOW + 2460,
    )
    text = shown(found)
    assert text.splitlines() == [
        "signed in   alice@contoso.example",
        "token       [#######---] 42 min of 60 min, until 22:55 UTC",
        "management  [----------] EXPIRED 90 s ago, at 22:11 UTC",
        "vault       live, 60 s left, until 22:14 UTC",
        "next turn   in 10 min, at 22:23 UTC",
        "authority   may be away for 41 min",
        "sign-in     NEEDED: open https://login.example/device and enter ABCD-EFGH before",
        "            22:13 UTC (amber lake)",
    ]
    assert max(map(len, text.splitlines())) <= 80
    assert "authority   readiness is red for 5 s\n" in shown(replace(found, ready_until=NOW - 5))


@pytest.mark.parametrize("columns", [20, 40, 59, 60, 80, 200])
def test_every_width_shows_everything(columns: int) -> None:
    """No line is longer than the terminal, and no word of it is lost."""
    found = Found(
        published={"": document_of(2520), "management": document_of(-90)},
        journal=Journal(
            wake_on=NOW + 600, signin=Attempts(failures=1, failed_on=NOW, error="many words " * 20)
        ),
        prompt=PROMPT,
        now=NOW,
    )
    drawn = lines(report(found), columns=columns)
    assert max(map(len, drawn)) <= columns
    assert "".join("".join(drawn).split()) == "".join(shown(found).split())


@pytest.mark.parametrize(
    ("left", "life", "drawn"),
    [(60, 60, "[##########]"), (30, 60, "[#####-----]"), (1, 6000, "[#---------]"), (0, 60, "[----------]"),
     (90, 60, "[##########]"), (-5, 60, "[----------]")],
)  # fmt: skip
def test_bar_shows_what_is_left(left: int, life: int, drawn: str) -> None:
    """Empty only when nothing is left, and never longer than full."""
    assert bar(left, life) == drawn


@given(
    published=st.dictionaries(
        st.sampled_from(["", "arm"]), st.dictionaries(st.sampled_from(DOCUMENT_KEYS), json_values)
    ),
    journal=journals,
    prompt=st.none() | st.dictionaries(st.sampled_from([*PROMPT, "phrase"]), json_values),
    ready_until=st.none() | instants,
)
@settings(deadline=None)
def test_report_is_what_its_schema_says_whatever_lies_in_the_directories(
    published: dict[str, Document],
    journal: Journal,
    prompt: dict[str, object] | None,
    ready_until: int | None,
) -> None:
    """A program reads it with any parser: no NaN, no infinity, no number that a double cannot hold."""
    prompt = None if prompt is None else {**PROMPT, **prompt}
    found = Found(published=published, journal=journal, prompt=prompt, now=NOW, ready_until=ready_until)
    document = parsed(json.dumps(report(found)))
    assert objections("status", document) == []
    assert list(document) == KEYS
    assert all(line.isprintable() for line in lines(report(found)))


@pytest.mark.parametrize(("succeeded_on", "life"), [(NOW - 60, 120), (0, None), (NOW + 30, None)])
def test_life_is_told_only_where_it_can_be_right(succeeded_on: int, life: int | None) -> None:
    """A journal that was lost, or written before the clock was set back, says nothing of the life."""
    journal = Journal(tokens={"": Attempts(succeeded_on=succeeded_on)})
    token = report(replace(NOTHING, published={"": document_of(60)}, journal=journal))["tokens"]["token"]
    assert token["life_seconds"] == life


def test_number_that_is_none_is_told_as_unknown() -> None:
    """A damaged token.json may hold NaN, which Python reads and writes and nobody else does."""
    damaged: Any = {**document_of(60), "expires_on": float("nan"), "scope": float("inf")}
    found = Found(
        published={"": damaged}, journal=Journal(), prompt={**PROMPT, "expires_on": 10**400}, now=NOW
    )
    document = parsed(json.dumps(report(found)))
    assert (document["tokens"]["token"]["expires_on"], document["tokens"]["token"]["scope"]) == (None, None)
    assert document["prompt"]["expires_on"] is None
    assert "before an unknown time" in " ".join(shown(found).split())


def test_token_that_expires_now_is_dead() -> None:
    """As a resource would say."""
    assert report(replace(NOTHING, published={"": document_of(0)}))["tokens"]["token"]["live"] is False
    assert report(replace(NOTHING, published={"": document_of(1)}))["tokens"]["token"]["live"] is True


def test_turn_that_is_overdue_comes_now() -> None:
    """A wake in the past is no negative duration."""
    assert "next turn  now\n" in shown(replace(NOTHING, journal=Journal(wake_on=NOW - 5)))


def test_latest_row_of_failures_is_the_one_told() -> None:
    """Of tokens and the sign-in together; those that have recovered count no more."""
    journal = Journal(
        tokens={
            "": Attempts(failures=1, failed_on=NOW - 7200, error="older"),
            "arm": Attempts(failures=0, failed_on=NOW, error="over"),
        },
        signin=Attempts(failures=2, failed_on=NOW - 3600, error="declined"),
    )
    found = replace(NOTHING, journal=journal)
    assert report(found)["last_error"] == {"message": "declined", "since": NOW - 3600}
    assert "last error  declined (since 21:13 UTC)\n" in shown(found)


@pytest.mark.parametrize(
    ("account", "name"),
    [(replace(ALICE, username=None), "oid"), (replace(ALICE, username=None, object_id=None), "unknown")],
)
def test_person_without_a_user_name_is_told_by_id(account: Account, name: str) -> None:
    """Other providers may give no name."""
    assert shown(replace(NOTHING, published={"": document_of(60, account)})).startswith(
        f"signed in  {name}\n"
    )


def test_names_and_errors_cannot_forge_a_line_of_the_table() -> None:
    """What the provider says about a person or an error stays on its line and moves no cursor."""
    evil = "x\nsigned in  root\x1b[2J\u202e"
    found = Found(
        published={"": document_of(60, replace(ALICE, username=evil))},
        journal=Journal(signin=Attempts(failures=1, failed_on=NOW, error=evil)),
        prompt={**PROMPT, "user_code": evil},
        now=NOW,
    )
    drawn = shown(found).splitlines()
    labels = [line.split("  ")[0] for line in drawn if not line.startswith(" ")]
    assert labels == ["signed in", "token", "last error", "sign-in"]
    assert all(line.isprintable() for line in drawn)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (-90, "90 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h 0 min"),
        (11100, "3 h 5 min"),
    ],
)
def test_spans_are_told_in_the_unit_that_matters(seconds: float, words: str) -> None:
    """Seconds up to two minutes, minutes up to two hours; the sign is in the words around it."""
    assert span(seconds) == words


def test_status_needs_no_other_setting_than_the_directories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It answers where the rest is misconfigured, for people and for programs, and always with 0."""
    state = StateDirectory(tmp_path / "state" / PRIVATE)
    state.path.mkdir(parents=True)
    state.keep_journal(Journal(wake_on=NOW))
    state.open_prompt(PROMPT, "sign-in needed")
    token_path = tmp_path / "tokens"
    token_path.mkdir()
    TokenDirectory(token_path, Access()).publish({"": document_of(10**9)}, at=Anchor(NOW, 5000.0, "boot"))
    environ = {
        "SIDECAR_STATE_DIR": str(tmp_path / "state"),
        "SIDECAR_TOKEN_DIR": str(token_path),
        "SIDECAR_LOG_LEVEL": "nonsense",
    }
    assert main(["status", "--json"], environ) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["account"]["username"] == "alice@contoso.example"
    assert (found["next_turn_on"], found["prompt"], found["tokens"]["token"]["live"]) == (NOW, PROMPT, True)
    assert main(["status"], environ) == 0
    assert capsys.readouterr().out.startswith("signed in  alice@contoso.example\n")


def test_status_of_directories_that_do_not_exist_is_that_of_empty_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is signed in; that is no error."""
    missing = str(tmp_path / "missing")
    assert main(["status"], {"SIDECAR_STATE_DIR": missing, "SIDECAR_TOKEN_DIR": missing}) == 0
    assert "none published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("heartbeat", "told"),
    [
        (BOOT - 181, "NO SIGN OF LIFE for 3 min: start `refresh`"),
        (None, "NO SIGN OF LIFE since the machine was started"),
        (BOOT + 60, "NO SIGN OF LIFE since the machine was started"),  # of another boot
        (BOOT - 180, "next turn"),
    ],
)
def test_loop_that_is_dead_promises_no_next_turn(heartbeat: int | None, told: str) -> None:
    """Whoever looks at 3 a.m. sees that nothing runs."""
    journal = replace(NOTHING.journal, wake_on=NOW + 60)
    found = replace(NOTHING, published={"": document_of(60)}, journal=journal, heartbeat=heartbeat)
    table = "".join(lines(status.report(found, boot=BOOT)))
    assert told in table
    assert ("next turn" in table) is (told == "next turn")


def test_next_prompt_is_told() -> None:
    """When people are asked, and whether a token waits for it already."""
    planned = replace(NOTHING, journal=Journal(prompt_on=NOW + 7200))
    assert "sign-in    asked for in 2 h 0 min (2023-11-15 00:13 UTC)" in shown(planned)
    waiting = Journal(tokens={"": Attempts(failures=1, waits=True)}, prompt_on=NOW + 7200)
    assert "NEEDED: asked for in 2 h" in shown(replace(NOTHING, journal=waiting))
    assert report(replace(NOTHING, journal=waiting))["signin_needed"] is True


@pytest.mark.parametrize("stdout", [">&-", ">/dev/full", "| true"])
def test_status_that_nobody_reads_is_no_failure(tmp_path: Path, stdout: str) -> None:
    """Closed, full, or a reader that has gone: no traceback, and the exit code of the role."""
    command = f"{sys.executable} -P -m sidecar status {stdout}; echo $? >&2"
    command = f"set -o pipefail; {command}"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "SIDECAR_TOKEN_DIR": str(tmp_path),
        "SIDECAR_STATE_DIR": str(tmp_path),
    }
    done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == "0\n"
