"""A turn on demand adds one token and takes nothing away, whatever the settings of `serve` are."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.adapters.sealing import Key, Sealer
from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access
from sidecar.core.account import Admission
from sidecar.core.demand import scopes_of
from sidecar.core.history import OTHERS
from sidecar.core.journal import REFUSED_MAX, Journal, from_text
from sidecar.errors import (
    AuthorityMisconfigured,
    AuthorityUnreachable,
    SidecarError,
    SigninBlocked,
    SigninRequired,
)
from sidecar.serve.measures import samples
from sidecar.serve.page.seen import seen
from sidecar.status import Found, report
from tests.life.asking import ask
from tests.life.bench import ARM, GRAPH, Bench

VAULT = "https://vault.azure.net"
MADE_UP = "https://made-up.example"
LIFE = 3600
KEY = Key(b"\x01" * 32)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A pod of two tokens with formats and a template, and where somebody is signed in."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.formats = ("header",)
    bench.template_dir = tmp_path / "templates"
    bench.template_dir.mkdir()
    (bench.template_dir / "app.conf").write_text("key {{ arm.token }}")
    assert bench.signin() is None
    assert bench.turn() is None
    return bench


def seen_by_apps(bench: Bench) -> dict[str, tuple[str, int]]:
    """Every file that apps can open, with its mode."""
    data = bench.token_path / "..data/"
    return {
        file.relative_to(data).as_posix(): (file.read_text(), file.stat().st_mode)
        for file in sorted(data.rglob("*"))
        if file.is_file()
    }


def kept(bench: Bench) -> dict[str, bytes]:
    """Every file of the state directory that a turn leaves for others, but for the log's history."""
    return {
        file.name: file.read_bytes()
        for file in bench.state_path.iterdir()
        if file.name not in ("hb", "heartbeat", "lock", "history.json")
    }


def journal(bench: Bench) -> Journal:
    """What the last turn left."""
    return from_text((bench.state_path / "journal.json").read_bytes())


def found(bench: Bench) -> Found:
    """What `serve` and `status` see."""
    published: dict[str, Any] = {name: bench.published(name) for name in bench.rules.configured}
    return Found(published, journal(bench), None, bench.clock.now())


def test_all_that_it_does_not_know_stays_as_it_stands(bench: Bench) -> None:
    """Other tokens, formats, templates, who may read them, links, and the loop's next turn: one is added."""
    before, state = seen_by_apps(bench), kept(bench)
    assert ask(bench, VAULT, configured={}, access=Access(mode=0o600)) is None
    after = seen_by_apps(bench)
    assert {name: after[name] for name in before} == before
    added = {f"vault.azure.net/{file}" for file in ("token", "token.json", "expires_on", "header")}
    assert after.keys() - before.keys() == added
    assert {mode for _, mode in after.values()} == {0o100640}
    for name in ("token", "header", "arm", "app.conf", "vault.azure.net"):
        assert (bench.token_path / name).exists(), name
    changed = {name for name, content in kept(bench).items() if content != state.get(name)}
    assert changed == {"cache", "journal.json"}
    assert bench.cache.tokens.keys() == {"", "arm", "vault.azure.net"}
    bench.authority.requests.clear()
    assert bench.turn() is None
    assert bench.authority.requests == []
    assert seen_by_apps(bench) == after


def test_it_is_renewed_beside_the_others_too(bench: Bench) -> None:
    """A second time, with all its formats; the loop is woken for it when it is due, and not before."""
    wake = bench.number("wake")
    bench.authority.life_seconds = LIFE // 4
    assert ask(bench, VAULT, configured={}) is None
    assert bench.clock.boot < bench.number("wake") < wake
    first = bench.published("vault.azure.net")
    bench.clock.sleep(LIFE / 4)
    before = seen_by_apps(bench)
    assert ask(bench, VAULT, configured={}) is None
    second = bench.published("vault.azure.net")
    assert first is not None
    assert second is not None
    assert (bench.token_path / "vault.azure.net/header").read_text().split()[2] == second["access_token"]
    assert second["access_token"] != first["access_token"]
    after = seen_by_apps(bench)
    others = [name for name in before if not name.startswith("vault")]
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


def test_file_that_has_its_name_is_left_alone(bench: Bench) -> None:
    """A template of the loop's is called as the host that somebody asks for."""
    before = seen_by_apps(bench)
    error = ask(bench, "https://app.conf", configured={})
    assert error is not None
    assert error.exit_code == 78
    assert seen_by_apps(bench) == before


@pytest.mark.parametrize(
    "configured",
    [{"arm": scopes_of(VAULT)}, {"": scopes_of(VAULT)}],
    ids=["a named token", "the one at the root"],
)
def test_token_of_the_same_name_with_other_scopes_is_not_replaced(
    bench: Bench, configured: dict[str, tuple[str, ...]]
) -> None:
    """78 before any request; serve has another SIDECAR_TOKENS than refresh."""
    before, state = seen_by_apps(bench), kept(bench)
    bench.authority.requests.clear()
    error = ask(bench, VAULT, configured=configured)
    assert error is not None
    assert error.exit_code == 78
    assert "same settings" in error.advice
    assert (seen_by_apps(bench), kept(bench), bench.authority.requests) == (before, state, [])


@pytest.mark.parametrize(
    ("client", "authority", "keys", "content"),
    [
        ("other", "https://login.example/t", (), None),
        ("client", "https://login.example/other", (), None),
        ("client", "https://login.example/t", (KEY,), None),
        ("client", "https://login.example/t", (), b"damaged"),
    ],
    ids=["another client", "another authority", "a key for an open cache", "damaged"],
)
def test_cache_that_does_not_fit_is_left_to_the_loop(
    bench: Bench, client: str, authority: str, keys: tuple[Key, ...], content: bytes | None
) -> None:
    """78, and not a byte is written: a GET must not cost a person's sign-in."""
    if content is not None:
        (bench.state_path / "cache").write_bytes(content)
    before, state = seen_by_apps(bench), kept(bench)
    cache = TokenCache(bench.state_path / "cache", seal=Sealer(keys), client_id=client, authority=authority)
    error = ask(bench, VAULT, cache=cache)
    assert error is not None
    assert error.exit_code == 78
    assert "same settings" in error.advice
    assert (seen_by_apps(bench), kept(bench)) == (before, state)


@pytest.mark.parametrize("renamed", [False, True], ids=["as it is known", "as the answer says"])
def test_account_that_serve_does_not_allow_is_not_withdrawn(bench: Bench, renamed: bool) -> None:
    """The loop decides about the sign-in: 77, and all stays published and saved."""
    before, account = seen_by_apps(bench), bench.cache.account
    users = frozenset({account.username if renamed and account else "somebody@else.example"})
    if renamed:
        assert account is not None
        assert account.username is not None
        bench.authority.renamed = replace(account, username="renamed@contoso.example")
    error = ask(bench, VAULT, admission=Admission(users=frozenset(filter(None, users))))
    assert error is not None
    assert error.exit_code == 77
    assert seen_by_apps(bench) == before
    bench.authority.renamed = None
    assert bench.turn(at_once=True) is None
    assert bench.authority.prompts == [GRAPH]


def test_rows_of_the_journal_that_it_does_not_know_stay(bench: Bench) -> None:
    """The failures of the loop's tokens, whose names serve has not."""
    bench.authority.refused_scopes[ARM] = AuthorityUnreachable("down")
    bench.clock.sleep(LIFE * 0.75)
    bench.turn()
    before = journal(bench)
    assert before.tokens["arm"].failures
    assert ask(bench, VAULT, configured={}) is None
    after = journal(bench)
    assert {**after.tokens, "vault.azure.net": None} == {**before.tokens, "vault.azure.net": None}
    assert (after.wake_on, after.anchor, after.session) == (before.wake_on, before.anchor, before.session)


def test_leap_that_it_sees_first_is_the_loops_to_mend(bench: Bench) -> None:
    """Everything is renewed at the loop's next turn, which comes at once."""
    bench.clock.leap(7200)
    ask(bench, VAULT, configured={})
    assert journal(bench).renewal_owed
    assert bench.number("wake") <= bench.clock.boot + 2
    bench.clock.sleep(2)
    assert bench.turn() is None
    for name in ("", "arm"):
        document = bench.published(name)
        assert document is not None
        assert document["expires_on"] > bench.clock.now()


def test_apps_are_told_of_it(bench: Bench) -> None:
    """Once; and not of a token that was there."""
    before = bench.announced
    assert ask(bench, VAULT) is None
    assert ask(bench, VAULT) is None
    assert bench.announced == before + 1


def test_what_was_saved_and_could_not_be_published_is_published_when_asked_again(bench: Bench) -> None:
    """A full volume: 73, then one more publication, and no further request."""
    bench.full = True
    error = ask(bench, VAULT)
    assert error is not None
    assert error.exit_code == 73
    bench.full = False
    bench.authority.requests.clear()
    assert ask(bench, VAULT) is None
    assert bench.authority.requests == []
    assert bench.published("vault.azure.net") is not None


FAILURES: list[SidecarError] = [
    AuthorityMisconfigured("AADSTS500011"),
    SigninRequired("AADSTS65001"),
    SigninBlocked("AADSTS53003"),
    AuthorityUnreachable("down"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.anchor())
def test_failure_that_is_remembered_is_the_same_failure(bench: Bench, failure: SidecarError) -> None:
    """The same code for the same cause, without a request; after the loop's turns too, and until the pause is
    over.
    """
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = failure
    first = ask(bench, MADE_UP)
    bench.authority.requests.clear()
    bench.turn()
    second = ask(bench, MADE_UP)
    assert bench.authority.requests == []
    assert first is not None
    assert second is not None
    assert (second.exit_code, second.anchor(), second.message) == (
        first.exit_code,
        first.anchor(),
        first.message,
    )
    bench.clock.sleep(4000)
    del bench.authority.refused_scopes[scopes_of(MADE_UP)]
    assert ask(bench, MADE_UP) is None
    assert not journal(bench).tokens["made-up.example"].on_demand


def test_remembered_failure_of_an_older_journal_passes(bench: Bench) -> None:
    """It does not say what it was: 75."""
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = AuthorityMisconfigured("AADSTS500011")
    ask(bench, MADE_UP)
    file = bench.state_path / "journal.json"
    document = json.loads(file.read_text())
    del document["tokens"]["made-up.example"]["kind"]
    file.write_text(json.dumps(document))
    again = ask(bench, MADE_UP)
    assert again is not None
    assert again.exit_code == 75


def test_what_was_asked_for_in_vain_alarms_nobody(bench: Bench) -> None:
    """No metric that an alert looks at, no turn that failed, nothing on the page and in `status`."""
    before = report(found(bench), boot=bench.clock.anchor().boot)["tokens"].keys()
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = SigninRequired("AADSTS65001")
    for _ in range(4):
        ask(bench, MADE_UP)
        bench.clock.sleep(30)
    told = found(bench)
    assert journal(bench).tokens["made-up.example"].on_demand
    named = {name for name, labels, _ in samples(told, boot=bench.clock.boot) if "made-up.example" in labels}
    assert named == set()
    failed = bench.events("refresh.failed")
    assert {(each["token"], each["level"]) for each in failed} <= {
        ("made-up.example", "warning"),
        ("made-up.example", "info"),
    }
    history = json.loads((bench.state_path / "history.json").read_text())
    failures = [count[1:] for count in history["counts"] if count[0] == "refresh.failed"]
    assert failures == [[OTHERS, "signin-required", 1]]
    status = report(told, boot=bench.clock.anchor().boot)
    assert status["tokens"].keys() == before
    assert status["last_error"] is None
    assert {token.name for token in seen(told, boot=bench.clock.boot).tokens} == {"token", "arm"}


def test_refusal_of_what_is_on_demand_teaches_nothing_about_the_signin(bench: Bench) -> None:
    """A policy of that one resource: nobody is asked earlier for the sign-in that all share."""
    expired = SigninRequired("AADSTS70043", error="invalid_grant", suberror="token_expired", aadsts="70043")
    assert ask(bench, VAULT) is None
    bench.run_for(3 * LIFE)
    began = journal(bench).session
    assert began.signed_in_on is not None
    bench.authority.refused_scopes[scopes_of(VAULT)] = expired
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = expired
    assert ask(bench, MADE_UP) is not None
    bench.run_for(LIFE)
    assert journal(bench).tokens["vault.azure.net"].failures
    assert journal(bench).session == began
    assert bench.authority.prompts == [GRAPH]


def test_policy_that_blocks_one_on_demand_stops_no_early_prompt(tmp_path: Path) -> None:
    """Somebody is still asked before the sign-in ends."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH})
    bench.authority.frequency_seconds, bench.authority.tells_end = 86400, True
    assert bench.signin() is None
    bench.run_for(LIFE)
    planned = journal(bench).prompt_on
    assert planned is not None
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = SigninBlocked("AADSTS53003")
    assert ask(bench, MADE_UP) is not None
    bench.turn()
    assert journal(bench).prompt_on == planned


def test_made_up_resources_push_nothing_out(bench: Bench) -> None:
    """Neither what others use, nor without end into the journal."""
    assert ask(bench, VAULT) is None
    for number in range(REFUSED_MAX + 10):
        resource = f"https://made-up-{number}.example"
        bench.authority.refused_scopes[scopes_of(resource)] = AuthorityMisconfigured("AADSTS500011")
        assert ask(bench, resource) is not None
    assert bench.rules.demanded == {"vault.azure.net"}
    assert len(journal(bench).tokens) <= REFUSED_MAX + 3
    assert f"made-up-{REFUSED_MAX + 9}.example" in journal(bench).tokens
    bench.run_for(LIFE)
    assert len(journal(bench).tokens) == 3
    assert bench.published("vault.azure.net") is not None


def test_configuring_what_was_asked_for_in_vain_tries_it_at_once(bench: Bench) -> None:
    """Its pause was one of whoever asked."""
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = SigninRequired("AADSTS65001")
    ask(bench, MADE_UP)
    bench.authority.refused_scopes.clear()
    bench.rules = replace(bench.rules, wanted={**bench.rules.wanted, "made-up.example": scopes_of(MADE_UP)})
    assert bench.turn() is None
    assert bench.published("made-up.example") is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to any group")
def test_group_that_stands_stays(bench: Bench) -> None:
    """serve has no SIDECAR_TOKEN_GROUP: the app's group can read all the same."""
    for path in (bench.token_path / "..data/").rglob("*"):
        os.chown(path, -1, 3000)
    os.chown((bench.token_path / "..data").resolve(), -1, 3000)
    assert ask(bench, VAULT, configured={}) is None
    groups = {path.stat().st_gid for path in (bench.token_path / "..data/").rglob("*")}
    assert groups == {3000}
