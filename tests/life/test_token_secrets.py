"""The Secrets that apps mount, through renewals, edits by others, and faults of the API."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.kubernetes.objects import Secret
from sidecar.errors import (
    ClusterBusy,
    ClusterError,
    ClusterForbidden,
    ClusterUnreachable,
    SecretNotOurs,
)
from tests.kubernetes_api.in_memory import InMemoryCluster
from tests.life.bench import ARM, GRAPH, Bench
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


@pytest.fixture
def api() -> InMemoryCluster:
    """With two empty Secrets."""
    return two_secrets()


@pytest.fixture
def bench(tmp_path: Path, api: InMemoryCluster) -> Bench:
    """A pod that publishes to both."""
    return publishing(Bench.in_directory(tmp_path), api)


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
    bench.run_for(61)
    assert data(api) == files(bench)
    assert told(bench, "secret.recovered") == [str(NAME)]


def test_api_that_is_away_for_an_hour_costs_one_warning_and_no_token(
    bench: Bench, api: InMemoryCluster
) -> None:
    """The directory is renewed; readiness goes by what apps in other pods still have. A minute after its
    return all is as it should be. Nobody is prompted.
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
    bench.run_for(61)
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


def test_token_that_is_too_short_lived_to_be_carried_is_told_once(bench: Bench, api: InMemoryCluster) -> None:
    """For each Secret, and again after longer lives; a token that is halfway through its life is none."""
    bench.signin()
    bench.turn()
    bench.clock.sleep(1900)
    bench.authority.renewals.extend([ClusterBusy("not now")] * 3)
    api.add_secret(NAME)
    bench.run_for(5)
    assert bench.events("secret.short_lived") == []
    bench.authority.renewals.clear()
    bench.authority.life_seconds = 300
    bench.run_for(3600)
    (first, second) = bench.events("secret.short_lived")
    assert {first["secret"], second["secret"]} == {str(NAME), str(OTHER)}
    assert "lives for 300 s, and may take 90 s" in first["message"]
    assert "450 s" in first["advice"]


def test_signin_ends_well_only_if_the_secrets_are_written(bench: Bench, api: InMemoryCluster) -> None:
    """Else 75 with the reason; the person is not asked again."""
    api.fail = failing(ClusterForbidden("may not update"), f"replace_secret {OTHER}")
    refused = bench.signin()
    assert isinstance(refused, ClusterForbidden)
    assert (refused.exit_code, refused.message) == (75, "may not update")
    again = bench.signin()
    assert isinstance(again, ClusterForbidden)
    assert len(bench.events("secret.failed")) == 1
    api.fail = lambda _call: None
    assert bench.signin() is None, "whoever starts it waits for no pause"
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
    bench.run_for(61)
    assert data(api) == files(bench)
