"""Token Secrets: withdrawals, open prompts, and other replicas."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.errors import (
    ClusterConflict,
    ClusterUnreachable,
    DirectoryError,
)
from sidecar.posix.interrupts import Interrupts
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.life.asking import ask
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, MALLORY
from tests.life.publishing import (
    NAME,
    OTHER,
    RENEWED_AFTER,
    data,
    edit,
    failing,
    files,
    publishing,
    told,
    two_secrets,
)

BOB = replace(ALICE, username="bob@contoso.example", object_id="bob", home_account_id="bob.home")


@pytest.fixture
def api() -> InMemoryCluster:
    """With two empty Secrets."""
    return two_secrets()


@pytest.fixture
def bench(tmp_path: Path, api: InMemoryCluster) -> Bench:
    """A pod that publishes to both."""
    return publishing(Bench.in_directory(tmp_path), api)


def test_withdrawal_empties_the_secrets_and_keeps_their_keys(bench: Bench, api: InMemoryCluster) -> None:
    """A key that goes would stop every update of the volume; a token that stays could be used."""
    bench.signin()
    keys = data(api).keys()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.turn()
    for name in (NAME, OTHER):
        assert data(api, name).keys() == keys
        assert set(data(api, name).values()) == {"", "0\n"}
    assert told(bench, "secret.withdrawn") == [str(NAME), str(OTHER)]
    assert bench.number("live_until") == 0


def test_directory_that_cannot_be_written_keeps_no_withdrawal_from_the_secrets(
    bench: Bench, api: InMemoryCluster
) -> None:
    """Other pods would go on with the token of somebody who is not allowed."""
    bench.signin()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.read_only = True
    assert isinstance(bench.turn(), DirectoryError)
    for name in (NAME, OTHER):
        assert set(data(api, name).values()) == {"", "0\n"}
    bench.read_only = False
    bench.turn()
    assert not (bench.token_path / "token").exists()


def test_withdrawal_that_the_api_missed_is_owed_until_it_is_done(bench: Bench, api: InMemoryCluster) -> None:
    """Also where nobody is signed in any more, and after a restart."""
    bench.signin()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    api.fail = failing(ClusterUnreachable("refused"))
    bench.turn()
    bench.run_for(70)
    assert data(api)["token"] == "at1"
    assert told(bench, "secret.failed") == [str(NAME), str(OTHER)]
    api.fail = lambda _call: None
    bench.run_for(61)
    assert set(data(api).values()) == set(data(api, OTHER).values()) == {"", "0\n"}


def test_withdrawal_that_is_owed_is_done_beside_an_open_prompt(bench: Bench, api: InMemoryCluster) -> None:
    """It may stay open for hours, and the turn with it."""
    bench.signin()
    bench.authority.person = replace(
        ALICE, username="bob@contoso.example", object_id="bob", home_account_id="b"
    )
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    back_on = bench.clock.now() + 120
    signs_in_on = bench.clock.now() + 400
    bench.authority.away = lambda now: now < signs_in_on
    seen: list[str] = []

    def away(_call: str) -> None:
        if bench.clock.now() < back_on:
            raise ClusterUnreachable("refused")

    api.fail = away
    bench.clock.during_sleep = lambda _seconds: seen.append(data(api)["token"])
    assert bench.turn() is None
    assert seen[0] == "at1"
    assert seen[-1] == ""
    assert data(api) == files(bench)
    assert json.loads(data(api)["token.json"])["object_id"] == "bob"


def test_secret_that_is_edited_beside_an_open_prompt_is_healed(bench: Bench, api: InMemoryCluster) -> None:
    """The next sign-in is asked for while the present one goes on: apps still have to have its token."""
    bench.authority.frequency_seconds = 7200
    bench.authority.tells_end = True
    bench.signin()
    bench.turn()
    bench.authority.away = lambda _now: True
    edited_on: list[float] = []

    def edit_once(_seconds: float) -> None:
        prompted = len(bench.authority.prompts) > 1
        if prompted and not edited_on:
            edited_on.append(bench.clock.now())
            edit(api, token=b"edited")
        elif edited_on and bench.clock.now() > edited_on[0] + 320:
            healed.append(data(api)["token"])

    healed: list[str] = []
    bench.clock.during_sleep = edit_once
    bench.run_for(7000)
    assert edited_on
    assert healed
    assert healed[0] != "edited"


def test_fresh_pod_where_nobody_is_signed_in_takes_nothing_away(tmp_path: Path, api: InMemoryCluster) -> None:
    """Apps keep what they have while somebody is asked, or nobody may be."""
    api.add_secret(NAME, token=b"at0")
    bench = publishing(Bench.in_directory(tmp_path, may_prompt=False), api)
    bench.turn()
    assert data(api) == {"token": "at0"}
    assert api.calls == []


def test_write_that_lost_a_race_reads_again_and_decides_again(bench: Bench, api: InMemoryCluster) -> None:
    """Somebody set a label between our reading and our writing; it stays."""
    bench.signin()
    raced: list[str] = []

    def race(call: str) -> None:
        if call == f"replace_secret {NAME}" and not raced:
            raced.append(call)
            secret = api.secrets[NAME]
            api.secrets[NAME] = replace(secret, version="raced", labels={**secret.labels, "team": "web"})

    api.fail = race
    bench.turn(at_once=True)
    assert raced
    assert data(api) == files(bench)
    assert api.secrets[NAME].labels["team"] == "web"
    assert bench.events("secret.failed") == []


def test_races_that_are_always_lost_end(bench: Bench, api: InMemoryCluster) -> None:
    """Three tries a turn; then it is told, and tried again."""
    bench.signin()
    api.fail = failing(ClusterConflict("modified"), f"replace_secret {NAME}")
    api.calls.clear()
    bench.turn(at_once=True)
    assert api.calls.count(f"replace_secret {NAME}") == 3
    assert told(bench, "secret.failed") == [str(NAME)]
    assert data(api, OTHER) == files(bench)


def test_stale_replica_never_puts_an_older_token_in_the_place_of_a_newer(
    tmp_path: Path, api: InMemoryCluster
) -> None:
    """It shows what it has in its own directory, and adopts nothing; what is over or missing it fills."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ahead = publishing(Bench.in_directory(tmp_path / "a"), api, alone=False)
    behind = publishing(Bench.in_directory(tmp_path / "b"), api, alone=False)
    behind.signin()
    older = data(api)
    ahead.clock.sleep(1000)
    behind.clock.sleep(1000)
    ahead.signin()
    ahead.turn(at_once=True)
    newer = data(api)
    assert newer != older
    behind.turn()
    assert (data(api), files(behind)) == (newer, older)
    assert behind.number("live_until") == int(older["expires_on"])
    assert behind.events("secret.failed") == []
    behind.turn(at_once=True)
    assert data(api) == files(behind), "it has the Lease to renew, and nobody is ahead of it"
    api.add_secret(NAME)
    ahead.turn()
    assert data(api) == newer


def test_replica_that_lost_a_race_to_a_newer_token_leaves_it(bench: Bench, api: InMemoryCluster) -> None:
    """It held the Lease too long: somebody else has renewed meanwhile."""
    bench.signin()
    newer = {**api.secrets[NAME].data}
    token = {
        **json.loads(newer["token.json"]),
        "access_token": "at9",
        "expires_on": int(bench.clock.now()) + 9999,
    }
    newer |= {"token": b"at9", "token.json": json.dumps(token).encode()}

    def race(call: str) -> None:
        if call == f"replace_secret {NAME}":
            api.secrets[NAME] = replace(api.secrets[NAME], version="raced", data=newer)

    api.fail = race
    bench.turn(at_once=True)
    assert data(api)["token"] == "at9"
    assert bench.events("secret.failed") == []


def test_person_who_was_renamed_into_somebody_refused_leaves_no_token_of_theirs(
    bench: Bench, api: InMemoryCluster
) -> None:
    """A renewal that is answered for somebody who is not allowed withdraws the Secrets as well."""
    bench.signin()
    bench.allow(Admission(users=frozenset({str(ALICE.username)})))
    bench.authority.renamed = MALLORY
    bench.authority.away = lambda _now: True
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.turn(at_once=True)
    assert set(data(api).values()) == {"", "0\n"}


def test_another_person_is_given_nothing_of_the_first_by_a_secret_without_annotations(
    tmp_path: Path, api: InMemoryCluster
) -> None:
    """A tool set them back, and a token is no longer wanted: what is ours is remembered here as well."""
    bench = publishing(Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM}), api)
    bench.signin()
    assert data(api)["arm.token"]
    api.secrets[NAME] = replace(api.secrets[NAME], annotations={})
    bench.rules = replace(bench.rules, wanted={"": GRAPH})
    bench.authority.renamed = BOB
    bench.turn(at_once=True)
    assert json.loads(data(api)["token.json"])["object_id"] == "bob"
    assert (data(api)["arm.token"], data(api)["arm.expires_on"]) == ("", "0\n")


def test_token_on_demand_is_added_to_the_secrets_and_takes_nothing_away(
    tmp_path: Path, api: InMemoryCluster
) -> None:
    """Two tokens stand there; `serve` is asked for a third. The Secret tells of all three, and the loop keeps
    it so.
    """
    bench = publishing(Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM}), api)
    bench.signin()
    bench.turn()
    before = data(api)
    assert ask(bench, "https://vault.azure.net") is None
    assert data(api) == files(bench)
    assert before.items() <= data(api).items()
    told = api.secrets[NAME].annotations["entra-token-sidecar/tokens"]
    assert [each.partition("=")[0] for each in told.split()] == ["arm", "vault.azure.net", "token"]
    bench.run_for(RENEWED_AFTER + 10)
    assert data(api) == files(bench)
    assert data(api)["vault.azure.net.token"] != before["token"]


class Signalled(Interrupts):
    """TERM has come, and waits for the end of a renewal."""

    @property
    def pending(self) -> bool:
        """It does."""
        return True


def test_turn_that_is_to_end_asks_no_more_secrets(tmp_path: Path, api: InMemoryCluster) -> None:
    """However many there are; the next turn, here or elsewhere, writes them."""
    bench = publishing(Bench.in_directory(tmp_path), api, interrupts=Signalled())
    bench.turn()
    assert api.calls == []
    publishing(bench, api)
    bench.turn()
    assert data(api) == data(api, OTHER) == files(bench)


def test_missing_secret_owes_no_withdrawal(bench: Bench, api: InMemoryCluster) -> None:
    """Its content is gone with it; a new one of that name may be filled."""
    bench.signin()
    del api.secrets[NAME]
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    bench.turn()
    api.add_secret(NAME, token=b"theirs")
    api.calls.clear()
    bench.turn()
    assert api.calls == []
