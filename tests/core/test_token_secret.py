"""What a Secret that apps mount says: all of it at once, nothing taken away, and never the older token."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.formats import FORMATS, files_of
from sidecar.core.kubernetes import token_secret
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Secret
from sidecar.core.kubernetes.token_secret import Edition
from sidecar.errors import SecretNotOurs
from tests.core.strategies import NOW

NAME = ObjectName("apps", "entra-token")
EMPTY = Secret(NAME, "1")
OWNER = "state of apps/entra-state"
GRAPH, UNNAMED = "graph", ""


def document(token: str, *, life: int = 3600, person: str = "alice") -> dict[str, str | int | None]:
    """What `token.json` says."""
    return {"access_token": token, "expires_on": NOW + life, "object_id": person, "username": f"{person}@x"}


def edition(**tokens: dict[str, str | int | None]) -> Edition:
    """Of these tokens; `token` is the unnamed one."""
    named = {"" if name == "token" else name: told for name, told in tokens.items()}
    return token_secret.edition_of(files_of(named))


def written(secret: Secret, what: Edition, *, owner: str = OWNER, **options: tuple[str, ...]) -> Secret:
    """It has to be."""
    found = token_secret.written(secret, what, owner=owner, now=NOW, **options)
    assert found is not None
    return found


def test_keys_are_the_files_with_dots_for_slashes() -> None:
    """Byte for byte what is in the token directory, formats and templates too."""
    contents = files_of({"": document("at1"), GRAPH: document("g1")}, FORMATS) | {"app.conf": "x=1\n"}
    found = written(EMPTY, token_secret.edition_of(contents))
    assert found.data == {path.replace("/", "."): text.encode() for path, text in contents.items()}
    assert {"token", "expires_on", "graph.token", "graph.token.json", "graph.env", "app.conf"} <= set(
        found.data
    )


def test_secret_says_whose_it_is_and_when_its_tokens_end() -> None:
    """For `kubectl describe`, which shows no values: owner, person, each expiry, and the first of them."""
    found = written(EMPTY, edition(token=document("at1", life=3600), graph=document("g1", life=1800)))
    assert found.labels == {"app.kubernetes.io/managed-by": "entra-token-sidecar"}
    prefix = "entra-token-sidecar/"
    assert {key.removeprefix(prefix): text for key, text in found.annotations.items()} == {
        "owner": OWNER,
        "keys": "expires_on graph.expires_on graph.token graph.token.json token token.json",
        "expires-on": "2023-11-14T22:43:20Z",
        "tokens": "graph=2023-11-14T22:43:20Z token=2023-11-14T23:13:20Z",
        "published-on": "2023-11-14T22:13:20Z",
        "username": "alice@x",
        "object-id": "alice",
    }


def test_what_is_as_it_should_be_is_not_written() -> None:
    """At any time: a look costs one request."""
    what = edition(token=document("at1"))
    once = written(EMPTY, what)
    assert token_secret.written(once, what, owner=OWNER, now=NOW + 500) is None


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param({"token": b"at0"}, id="changed"),
        pytest.param({"token": b""}, id="emptied"),
        pytest.param({"token.json": b"{"}, id="damaged"),
    ],
)
def test_value_that_somebody_edited_is_written_again(edited: dict[str, bytes]) -> None:
    """Whatever they wrote."""
    what = edition(token=document("at1"))
    once = written(EMPTY, what)
    assert written(replace(once, data={**once.data, **edited}), what).data == once.data


def test_keys_labels_and_annotations_of_others_stay() -> None:
    """Of whoever made the Secret, and of other programs; Helm's label that it is Helm's too."""
    theirs = replace(
        EMPTY,
        data={"ca.crt": b"pem"},
        labels={"app.kubernetes.io/managed-by": "Helm", "team": "web"},
        annotations={"note": "do not remove"},
    )
    found = written(theirs, edition(token=document("at1")))
    assert found.data["ca.crt"] == b"pem"
    assert found.labels == theirs.labels
    assert found.annotations["note"] == "do not remove"
    gone = token_secret.emptied(found, owner=OWNER, now=NOW)
    assert gone is not None
    assert gone.data["ca.crt"] == b"pem"


def test_token_that_is_no_longer_wanted_stays_while_it_is_the_same_persons() -> None:
    """Its key must not go, or the kubelet stops updating the volume; its value ends by itself."""
    both = written(EMPTY, edition(token=document("at1"), graph=document("g1")))
    one = written(both, edition(token=document("at2")))
    assert (one.data["token"], one.data["graph.token"]) == (b"at2", b"g1")
    other = written(one, edition(token=document("at3", person="bob")))
    assert (other.data["token"], other.data["graph.token"]) == (b"at3", b"")
    assert (other.data["graph.token.json"], other.data["graph.expires_on"]) == (b"", b"0\n")


@given(
    before=st.sets(st.sampled_from(["token", "graph", "arm"])),
    after=st.sets(st.sampled_from(["token", "graph", "arm"]), min_size=1),
    same=st.booleans(),
)
def test_no_key_is_ever_taken_away(before: set[str], after: set[str], same: bool) -> None:
    """Not by fewer tokens, not by another person, not by a withdrawal."""
    secret = replace(EMPTY, data={"theirs": b"x"})
    secret = (
        token_secret.written(
            secret, edition(**{name: document("at1") for name in before}), owner=OWNER, now=NOW
        )
        or secret
    )
    person = "alice" if same else "bob"
    later = written(secret, edition(**{name: document("at2", person=person) for name in after}))
    assert secret.data.keys() <= later.data.keys()
    gone = token_secret.emptied(later, owner=OWNER, now=NOW)
    assert gone is not None
    assert gone.data.keys() == later.data.keys()


def test_withdrawal_empties_every_value_that_was_ever_ours() -> None:
    """Of tokens that are no longer wanted too; `expires_on` stays a number, for shells."""
    secret = written(EMPTY, edition(token=document("at1"), graph=document("g1")))
    secret = written(secret, edition(token=document("at2")))
    gone = token_secret.emptied(secret, owner=OWNER, now=NOW)
    assert gone is not None
    assert gone.data == {
        "token": b"",
        "token.json": b"",
        "expires_on": b"0\n",
        "graph.token": b"",
        "graph.token.json": b"",
        "graph.expires_on": b"0\n",
    }
    assert "alice@x" not in str(gone.annotations)
    assert token_secret.emptied(gone, owner=OWNER, now=NOW) is None


def test_withdrawal_knows_its_keys_without_the_annotations() -> None:
    """Somebody set them back to what their repository says."""
    secret = replace(written(EMPTY, edition(token=document("at1"))), annotations={})
    assert token_secret.emptied(secret, owner=OWNER, now=NOW) is None
    gone = token_secret.emptied(secret, owner=OWNER, now=NOW, keys=["token", "token.json", "expires_on"])
    assert gone is not None
    assert set(gone.data.values()) == {b"", b"0\n"}


def test_withdrawal_leaves_what_another_replica_published_since() -> None:
    """It was owed for Mallory; by now Alice has signed in."""
    secret = written(EMPTY, edition(token=document("at1", person="alice")))
    assert token_secret.emptied(secret, owner=OWNER, now=NOW, person="mallory") is None


def test_another_person_leaves_nothing_behind_without_the_annotations() -> None:
    """Whoever set them back has kept the token of the first person in the Secret; it is not the second's."""
    both = replace(written(EMPTY, edition(token=document("at1"), graph=document("g1"))), annotations={})
    found = written(both, edition(token=document("at2", person="bob")), ours=(*both.data, "gone"))
    assert (found.data["token"], found.data["graph.token"]) == (b"at2", b"")
    assert found.data.keys() == both.data.keys()
    assert set(found.annotations[token_secret.KEYS].split()) == both.data.keys()


def test_another_person_settles_what_is_owed_too() -> None:
    """Keys that the Secret does not call ours."""
    secret = replace(EMPTY, data={"old.token": b"alice's"})
    found = written(secret, edition(token=document("at2", person="bob")), withdrawn=("old.token", "gone"))
    assert found.data["old.token"] == b""
    assert "gone" not in found.data


def test_tokens_withdrawn_one_after_the_other_are_all_remembered() -> None:
    """Somebody put an older one back in between; no replica may bring back either."""
    first, second = edition(token=document("at1")), edition(token=document("at2"))
    gone = token_secret.emptied(written(EMPTY, first), owner=OWNER, now=NOW, keys=["missing"])
    assert gone is not None
    assert "missing" not in gone.data
    back = replace(gone, data={**gone.data, **second.data})
    again = token_secret.emptied(back, owner=OWNER, now=NOW)
    assert again is not None
    for each in (first, second):
        assert token_secret.overtaken(again, each, known=None, now=NOW)


def test_withdrawal_that_is_owed_is_settled_by_the_next_publication() -> None:
    """Keys that the new one has not are emptied, though it is the same person's."""
    both = written(EMPTY, edition(token=document("at1"), graph=document("g1")))
    found = written(both, edition(token=document("at2")), withdrawn=tuple(both.data))
    assert (found.data["token"], found.data["graph.token"]) == (b"at2", b"")


def test_secret_of_another_sidecar_is_refused_with_the_command_that_frees_it() -> None:
    """What apps see would change from one person to another."""
    theirs = written(EMPTY, edition(token=document("at1")), owner="state of apps/other")
    with pytest.raises(SecretNotOurs) as refusal:
        written(theirs, edition(token=document("at2")))
    assert "kubectl annotate secret --namespace apps entra-token entra-token-sidecar/owner-" in (
        refusal.value.advice
    )
    assert "state of apps/other" in refusal.value.message
    assert token_secret.emptied(theirs, owner=OWNER, now=NOW) is None


def test_owner_is_the_shared_state_or_the_app_at_its_authority() -> None:
    """All replicas of a sidecar say the same, another sidecar something else."""
    told = {"client_id": "client", "authority": "https://login.example/t"}
    assert token_secret.owner_of(ObjectName("apps", "state"), **told) == "state of apps/state"
    assert token_secret.owner_of(None, **told) == "client at https://login.example/t"


@pytest.mark.parametrize(
    ("there", "ours", "newer"),
    [
        pytest.param(document("at2", life=3600), document("at1", life=900), True, id="lives longer"),
        pytest.param(document("at1", life=900), document("at2", life=3600), False, id="ends sooner"),
        pytest.param(document("at2", life=0), document("at1", life=-5), False, id="is over"),
        pytest.param(document("at1", life=9000), document("at1", life=60), False, id="same, said longer"),
        pytest.param(document("b1", life=60, person="bob"), document("a1"), True, id="somebody else's"),
        pytest.param(document("c1", person="carol"), document("a1"), False, id="who was before"),
        pytest.param({"access_token": 7}, document("at1"), False, id="damaged"),
    ],
)
def test_older_token_never_replaces_a_newer_one_of_the_same_person(
    there: dict[str, str | int | None], ours: dict[str, str | int | None], newer: bool
) -> None:
    """By expiry; who signed in after whom is known to those who saw to it that Carol's were there."""
    secret = replace(EMPTY, data={"token.json": json.dumps(there).encode()})
    assert token_secret.overtaken(secret, edition(token=ours), known="carol", now=NOW) is newer


def test_replicas_whose_clocks_differ_do_not_correct_each_other() -> None:
    """The earlier end stays, as long as the files agree; an edited file, or a later end, is put right."""
    contents = {**files_of({"": document("at1", life=900)}, FORMATS), "app.conf": "x"}
    there = written(EMPTY, token_secret.edition_of(contents))
    later, earlier = (
        token_secret.edition_of(files_of({"": document("at1", life=life)}, FORMATS)) for life in (960, 840)
    )
    same = token_secret.edition_of({**contents, "app.conf": "y"})
    assert token_secret.overtaken(there, later, known=None, now=NOW)
    assert not token_secret.overtaken(there, earlier, known=None, now=NOW)
    assert not token_secret.overtaken(there, same, known=None, now=NOW), "a template is put right"
    edited = replace(there, data={**there.data, "expires_on": b"1\n"})
    assert not token_secret.overtaken(edited, later, known=None, now=NOW)
    two = edition(token=document("at1", life=900), graph=document("g1", life=900))
    mixed = edition(token=document("at1", life=960), graph=document("g1", life=840))
    assert not token_secret.overtaken(written(EMPTY, two), mixed, known=None, now=NOW), "no clock does that"


def test_withdrawn_token_is_not_brought_back_but_the_next_one_is_published() -> None:
    """A replica that has not heard of the withdrawal still has it."""
    what = edition(token=document("at1"))
    gone = token_secret.emptied(written(EMPTY, what), owner=OWNER, now=NOW)
    assert gone is not None
    assert token_secret.overtaken(gone, what, known=None, now=NOW)
    newer = edition(token=document("at2"))
    assert not token_secret.overtaken(gone, newer, known=None, now=NOW)
    again = written(gone, newer)
    assert (again.data["token"], "withdrawn" in str(again.annotations)) == (b"at2", False)


def test_first_expiry_is_of_the_tokens_that_probes_ask_about() -> None:
    """The unnamed one if it is wanted, else each that was ever published; what was emptied counts as over."""
    secret = written(EMPTY, edition(token=document("at1", life=900), graph=document("g1", life=60)))
    assert token_secret.first_expiry(secret, ["", GRAPH]) == NOW + 900
    assert token_secret.first_expiry(secret, [GRAPH, "arm"]) == NOW + 60
    prepared = replace(secret, data={**secret.data, "arm.token.json": b""})
    assert token_secret.first_expiry(prepared, [GRAPH, "arm"]) == NOW + 60
    emptied = token_secret.emptied(secret, owner=OWNER, now=NOW)
    assert emptied is not None
    assert token_secret.first_expiry(emptied, [GRAPH]) == 0
    assert token_secret.first_expiry(EMPTY, [""]) == 0


def test_first_expiry_of_what_somebody_edited_is_what_apps_have() -> None:
    """A token that was emptied is over; one that the annotations do not name any more is still there."""
    both = written(EMPTY, edition(graph=document("g1", life=60), arm=document("a1", life=900)))
    edited = replace(both, data={**both.data, "graph.token.json": b""})
    assert token_secret.first_expiry(edited, [GRAPH, "arm"]) == 0
    assert token_secret.first_expiry(replace(both, annotations={}), [GRAPH, "arm"]) == NOW + 60


def test_key_of_two_files_is_the_tokens() -> None:
    """A template can be called as a token's key; without the token nothing would work."""
    contents = {"graph.token": "a template", **files_of({GRAPH: document("g1")})}
    what = token_secret.edition_of(contents)
    assert (what.data["graph.token"], what.left_out) == (b"g1", ("graph.token",))
    assert "graph.token" in token_secret.keys_of_tokens([GRAPH])


@given(
    data=st.dictionaries(
        st.sampled_from(["token", "token.json", "expires_on", "graph.token.json"]),
        st.binary(max_size=40) | st.sampled_from([b'{"expires_on": 1e999}', b'{"expires_on":[]}', b"[[]]"]),
    )
)
def test_whatever_stands_in_a_secret_can_be_judged(data: dict[str, bytes]) -> None:
    """Anybody who may write it may write anything."""
    secret, what = replace(EMPTY, data=data), edition(token=document("at1"))
    token_secret.first_expiry(secret, ["", GRAPH])
    token_secret.overtaken(secret, what, known=None, now=NOW)
    token_secret.emptied(secret, owner=OWNER, now=NOW, keys=list(data))
    assert written(secret, what).data["token"] == b"at1"
