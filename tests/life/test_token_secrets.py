"""The Secrets that apps mount, through renewals, faults of the API, edits by others, and withdrawals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.core.kubernetes.objects import ObjectName, Secret
from sidecar.core.schedule import CARRY_SECONDS
from sidecar.elsewhere import Nowhere
from sidecar.errors import (
    ClusterBusy,
    ClusterConflict,
    ClusterError,
    ClusterForbidden,
    ClusterUnreachable,
    ObjectMissing,
    SecretNotOurs,
)
from sidecar.kubernetes.cluster import Cluster
from sidecar.kubernetes.token_secrets import TokenSecrets
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import ALICE, MALLORY

NAME, OTHER = ObjectName("apps", "entra-token"), ObjectName("jobs", "entra-token")
RENEWED_AFTER = int(3600 * 0.66)
BOB = replace(ALICE, username="bob@contoso.example", object_id="bob", home_account_id="bob.home")


@pytest.fixture
def api() -> InMemoryCluster:
    """With two empty Secrets, as the manifests make them."""
    api = InMemoryCluster()
    for name in (NAME, OTHER):
        api.add_secret(name)
    return api


@pytest.fixture
def bench(tmp_path: Path, api: InMemoryCluster) -> Bench:
    """A pod that publishes to both."""
    return publishing(Bench.in_directory(tmp_path), api)


def publishing(bench: Bench, api: InMemoryCluster, *, alone: bool = True) -> Bench:
    """The pod with the Secrets beside its directories."""
    policy = replace(bench.rules.policy, carry_seconds=CARRY_SECONDS)
    bench.rules = replace(bench.rules, policy=policy)
    bench.elsewhere = lambda state, heart, interrupts, log: Cluster(
        state=Nowhere(),
        copies=TokenSecrets(
            api=api,
            names=[NAME, OTHER],
            owner="state of apps/state",
            judged=list(bench.rules.wanted),
            state=state,
            clock=bench.clock,
            heart=heart,
            interrupts=interrupts,
            log=log,
            alone=alone,
        ),
    )
    return bench


def data(api: InMemoryCluster, name: ObjectName = NAME) -> dict[str, str]:
    """What apps read, by key."""
    return {key: value.decode() for key, value in api.secrets[name].data.items()}


def files(bench: Bench) -> dict[str, str]:
    """What readers of the token directory see, by key."""
    root = bench.token_path / "..data"
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix().replace("/", "."): path.read_text() for path in paths}


def edit(api: InMemoryCluster, **values: bytes) -> None:
    """Somebody with kubectl."""
    secret = api.secrets[NAME]
    api.secrets[NAME] = replace(secret, version=f"{secret.version}e", data={**secret.data, **values})


def failing(error: ClusterError, where: str = "", *, pause: int | None = None) -> Callable[[str], None]:
    """Every call with `where` in it raises."""
    if pause is not None:
        error.pause_seconds = pause

    def fail(call: str) -> None:
        if where in call:
            raise error

    return fail


def told(bench: Bench, event: str) -> list[str]:
    """Of which Secrets the log told that."""
    return [record["secret"] for record in bench.events(event)]


def test_secrets_have_what_readers_of_the_directory_see(tmp_path: Path, api: InMemoryCluster) -> None:
    """Same keys, same values, from the first sign-in through every renewal, with each format and token."""
    bench = publishing(Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM}), api)
    bench.formats = ("header", "env")
    assert bench.signin() is None
    assert bench.turn() is None
    first = files(bench)
    assert {"token", "arm.token", "arm.token.json", "header", "arm.env"} <= first.keys()
    assert data(api) == data(api, OTHER) == first
    bench.run_for(RENEWED_AFTER + 10)
    assert data(api) == data(api, OTHER) == files(bench) != first
    assert bench.number("live_until") == int(data(api)["expires_on"])


def test_look_is_one_request_and_a_renewal_two(bench: Bench, api: InMemoryCluster) -> None:
    """For each Secret: read in every turn, written when it differs, and not read again for that."""
    bench.signin()
    assert sorted(api.calls) == sorted(
        f"{verb} {n}" for n in (NAME, OTHER) for verb in ("secret", "replace_secret")
    )
    api.calls.clear()
    bench.turn()
    assert sorted(api.calls) == [f"secret {NAME}", f"secret {OTHER}"]
    api.calls.clear()
    bench.turn(at_once=True)
    assert sorted(api.calls) == sorted(
        f"{verb} {n}" for n in (NAME, OTHER) for verb in ("secret", "replace_secret")
    )
    assert told(bench, "secret.published") == [str(NAME), str(OTHER)] * 2


def test_what_somebody_edited_is_healed_within_five_minutes(bench: Bench, api: InMemoryCluster) -> None:
    """An emptied value, a changed one, a key that was taken away; no request to the provider for it."""
    bench.signin()
    bench.turn()
    before, asked = data(api), len(bench.authority.requests)
    for values in ({"token": b""}, {"token.json": b"{}", "expires_on": b"1\n"}):
        edit(api, **values)
        bench.run_for(301)
        assert data(api) == before
    api.secrets[NAME] = replace(api.secrets[NAME], version="x", data={})
    bench.run_for(301)
    assert data(api) == before
    assert len(bench.authority.requests) == asked


def test_deleted_secret_is_told_once_and_healed_when_it_is_back(bench: Bench, api: InMemoryCluster) -> None:
    """The other one, the directory and the renewal go on."""
    bench.signin()
    bench.turn()
    del api.secrets[NAME]
    bench.run_for(RENEWED_AFTER + 300)
    assert (told(bench, "secret.failed"), data(api, OTHER)) == ([str(NAME)], files(bench))
    (failure,) = bench.events("secret.failed")
    assert (failure["kind"], failure["level"], failure["retry_in_seconds"]) == ("object-missing", "error", 20)
    api.add_secret(NAME)
    bench.run_for(21)
    assert data(api) == files(bench)
    assert told(bench, "secret.recovered") == [str(NAME)]


def test_api_that_is_away_for_an_hour_costs_one_warning_and_no_token(
    bench: Bench, api: InMemoryCluster
) -> None:
    """The directory is renewed; readiness goes by what apps in other pods still have; 20 s after its return
    all is as it should be. Nobody is prompted.
    """
    bench.signin()
    bench.turn()
    written, shown = int(data(api)["expires_on"]), files(bench)
    bench.clock.sleep(RENEWED_AFTER - 400)
    errors: list[ClusterError] = [
        ClusterUnreachable("refused"),
        ClusterBusy("503"),
        ClusterUnreachable("time-out"),
    ]

    def away(_call: str) -> None:
        errors.append(errors.pop(0))
        raise errors[-1]

    api.fail = away
    api.calls.clear()
    bench.run_for(3600)
    assert told(bench, "secret.failed") == [str(NAME), str(OTHER)]
    assert {record["level"] for record in bench.events("secret.failed")} == {"warning"}
    assert 3600 / 60 <= len(api.calls) <= 2 * 3600 / 20 + 2
    assert files(bench) != shown == data(api)
    assert bench.number("live_until") == written
    assert bench.number("ready_until") == written - 60
    api.fail = lambda _call: None
    bench.run_for(41)
    assert data(api) == data(api, OTHER) == files(bench)
    assert bench.number("live_until") > written
    assert len(bench.authority.prompts) == 1


def test_secret_that_fails_keeps_nothing_from_the_others(bench: Bench, api: InMemoryCluster) -> None:
    """Nor from the token directory, nor from the renewal."""
    api.fail = failing(ClusterForbidden("may not", advice="a rule"), str(NAME), pause=60)
    assert bench.turn() is None
    assert data(api, OTHER) == files(bench)
    assert data(api) == {}
    (failure,) = bench.events("secret.failed")
    assert (failure["level"], failure["advice"], failure["retry_in_seconds"]) == ("error", "a rule", 60)
    bench.run_for(RENEWED_AFTER + 60)
    assert data(api, OTHER) == files(bench)
    assert len(bench.events("secret.failed")) == 1


def test_where_the_api_does_not_answer_the_others_do_not_wait_for_it_too(
    bench: Bench, api: InMemoryCluster
) -> None:
    """One time-out a turn; and the one that times out is not always the first to be tried."""
    bench.signin()
    api.fail = failing(ClusterUnreachable("time-out"), f"secret {NAME}")
    edit(api, token=b"")
    api.secrets[OTHER] = replace(api.secrets[OTHER], data={})
    api.calls.clear()
    bench.turn()
    assert api.calls == [f"secret {NAME}"]
    bench.run_for(60)
    assert data(api, OTHER) == files(bench)


def test_server_that_asks_for_a_pause_gets_it(bench: Bench, api: InMemoryCluster) -> None:
    """Whatever turns there are meanwhile."""
    bench.signin()
    api.fail = failing(ClusterBusy("429"), pause=600)
    bench.turn()
    api.calls.clear()
    bench.turn(at_once=True)
    bench.run_for(590)
    assert api.calls == []
    api.fail = lambda _call: None
    bench.run_for(15)
    assert data(api) == files(bench)


def test_signin_ends_well_only_if_the_secrets_are_written(bench: Bench, api: InMemoryCluster) -> None:
    """Else 75 with the reason; the person is not asked again."""
    api.fail = failing(ClusterForbidden("may not update"), f"replace_secret {OTHER}")
    refused = bench.signin()
    assert isinstance(refused, ClusterForbidden)
    assert (refused.exit_code, refused.message) == (75, "may not update")
    again = bench.signin()
    assert isinstance(again, ClusterForbidden), "within the pause: nothing was asked, and it is as it was"
    api.fail = lambda _call: None
    bench.clock.sleep(21)
    assert bench.signin() is None
    assert data(api, OTHER) == files(bench)
    assert len(bench.authority.prompts) == 1


def test_startup_is_red_until_every_secret_was_written(bench: Bench, api: InMemoryCluster) -> None:
    """Apps in other pods have nothing yet, though the directory is filled."""
    api.fail = failing(ClusterForbidden("may not"), str(OTHER))
    bench.turn()
    assert (bench.number("live_until"), bench.number("ready_until")) == (0, 0)
    api.fail = lambda _call: None
    bench.run_for(21)
    assert bench.number("live_until") == int(files(bench)["expires_on"])


def test_restart_without_the_api_knows_what_apps_have(bench: Bench, api: InMemoryCluster) -> None:
    """The state directory says it: readiness does not turn red because a container was restarted."""
    bench.signin()
    before = bench.number("live_until")
    api.fail = failing(ClusterUnreachable("refused"))
    bench.turn()
    assert bench.number("live_until") == before


def test_full_token_directory_keeps_nothing_from_the_secrets(bench: Bench, api: InMemoryCluster) -> None:
    """A pod of one's own may have no room; others have."""
    bench.signin()
    bench.full = True
    bench.turn(at_once=True)
    bench.run_for(30)
    assert data(api)["token"] != (bench.token_path / "token").read_text()
    assert json.loads(data(api)["token.json"])["access_token"] == data(api)["token"]


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


def test_withdrawal_that_the_api_missed_is_owed_until_it_is_done(bench: Bench, api: InMemoryCluster) -> None:
    """Also where nobody is signed in any more, and after a restart."""
    bench.signin()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"bob@contoso.example"})))
    api.fail = failing(ClusterUnreachable("refused"))
    bench.turn()
    bench.run_for(600)
    assert data(api)["token"] == "at1"
    assert told(bench, "secret.failed") == [str(NAME), str(OTHER)]
    api.fail = lambda _call: None
    bench.run_for(301)
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


def test_secret_of_another_sidecar_is_left_untouched(bench: Bench, api: InMemoryCluster) -> None:
    """Said once, with the command that sets it free; when it is free it is claimed."""
    theirs = Secret(NAME, "7", {"token": b"theirs"}, annotations={"entra-token-sidecar/owner": "somebody"})
    api.secrets[NAME] = theirs
    refused = bench.signin()
    assert isinstance(refused, SecretNotOurs)
    bench.turn()
    bench.run_for(600)
    assert api.secrets[NAME] == theirs
    assert told(bench, "secret.failed") == [str(NAME)]
    assert "kubectl annotate" in bench.events("secret.failed")[0]["advice"]
    assert bench.number("live_until") == 0
    api.secrets[NAME] = replace(theirs, annotations={})
    bench.run_for(21)
    assert data(api) == files(bench)


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
    assert isinstance(ObjectMissing("x"), ClusterError)
