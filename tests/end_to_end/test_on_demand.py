"""`refresh --demand`: a token for whoever asks `serve`, fetched by one turn."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.one_turn import Turn, one_turn
from tests.end_to_end.pod import Pod
from tests.leaks import Leaks

VAULT = "https://vault.azure.net"


@pytest.fixture
def demand(signed_in: Pod, leaks: Leaks) -> Callable[..., Turn]:
    """One turn for a resource."""
    signed_in.settings["SIDECAR_ON_DEMAND"] = "any"
    return lambda resource, **settings: one_turn(
        signed_in, leaks, "refresh", "--demand", resource, **settings
    )


def test_token_is_published_and_kept_by_every_later_turn(
    signed_in: Pod, entra: Emulator, leaks: Leaks, demand: Callable[..., Turn]
) -> None:
    """0 when it can be read; the loop's turns renew it with the others, in one generation."""
    done = demand(f"{VAULT}/")
    assert done.code == 0, done.output
    document = signed_in.document("vault.azure.net")
    assert (document["resource"], document["username"]) == (VAULT, "alice@contoso.example")
    requests = len(entra.requests)
    assert demand(VAULT).code == 0
    assert len(entra.requests) == requests
    assert one_turn(signed_in, leaks, "refresh", "--now").code == 0
    assert signed_in.document("vault.azure.net")["access_token"] != document["access_token"]
    assert one_turn(signed_in, leaks, "signin").code == 0
    assert signed_in.document("vault.azure.net")["resource"] == VAULT


def test_it_is_dropped_when_nobody_asked_for_it_in_a_day(
    signed_in: Pod, leaks: Leaks, demand: Callable[..., Turn]
) -> None:
    """Or when the setting does not allow it any more; what is damaged is as not asked."""
    assert demand(VAULT).code == 0
    assert demand("https://management.azure.com").code == 0
    (signed_in.private / "demand-graph.example").write_bytes(b"\xff\x00")
    old = time.time() - 86400 - 60
    os.utime(signed_in.private / "demand-vault.azure.net", (old, old))
    assert one_turn(signed_in, leaks, "refresh").code == 0
    assert not (signed_in.tokens / "vault.azure.net").exists()
    assert (signed_in.tokens / "management.azure.com" / "token").exists()
    assert one_turn(signed_in, leaks, "refresh", SIDECAR_ON_DEMAND="").code == 0
    assert not (signed_in.tokens / "management.azure.com").exists()
    assert signed_in.token()


@pytest.mark.parametrize("resource", ["https://storage.azure.com", "../../token", "", "any", "x" * 5000])
def test_what_the_setting_does_not_name_is_refused(
    signed_in: Pod, entra: Emulator, demand: Callable[..., Turn], resource: str
) -> None:
    """78 without a request, and nothing is left behind."""
    before = len(entra.requests)
    done = demand(resource, SIDECAR_ON_DEMAND=VAULT)
    assert done.code == 78
    assert "SIDECAR_ON_DEMAND" in done.output
    assert len(entra.requests) == before
    assert list(signed_in.private.glob("demand-*")) == []


def test_reason_is_in_the_journal(signed_in: Pod, entra: Emulator, demand: Callable[..., Turn]) -> None:
    """Missing consent: 77, nobody is prompted, and the next try waits, with the same answer. The loop is not
    asked to keep it.
    """
    entra.withhold_consent(VAULT)
    first = demand(VAULT)
    assert first.code == 77
    requests = len(entra.requests)
    second = demand(VAULT)
    assert second.code == 77
    (told,) = second.records("refresh.failed")
    assert (told["token"], told["level"], told["kind"]) == ("vault.azure.net", "info", "signin-required")
    assert len(entra.requests) == requests
    assert list(signed_in.private.glob("demand-*")) == []
    journal = json.loads((signed_in.private / "journal.json").read_text())
    assert "65001" in journal["tokens"]["vault.azure.net"]["error"]
    assert entra.count("devicecode") == 1
    assert "signin.code_issued" not in first.output


def test_older_settings_take_nothing_away(
    signed_in: Pod, leaks: Leaks, demand: Callable[..., Turn], tmp_path: Path
) -> None:
    """refresh was restarted with a further token, formats and a template, of which serve does not know."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "app.conf").write_text("key {{ arm.token }}")
    newer = {
        "SIDECAR_TOKENS": "arm=https://management.azure.com/.default",
        "SIDECAR_FORMATS": "header",
        "SIDECAR_TEMPLATE_DIR": str(templates),
        "SIDECAR_TOKEN_MODE": "0644",
    }
    assert one_turn(signed_in, leaks, "refresh", "--first", **newer).code == 0
    there = sorted(file.name for file in (signed_in.tokens / "..data").iterdir())
    for _ in range(2):
        done = demand(VAULT)
        assert done.code == 0, done.output
        assert sorted(file.name for file in (signed_in.tokens / "..data").iterdir()) == sorted(
            [*there, "vault.azure.net"]
        )
    assert (signed_in.tokens / "app.conf").read_text().startswith("key ")
    assert (signed_in.tokens / "vault.azure.net/header").stat().st_mode & 0o777 == 0o644
    again = one_turn(signed_in, leaks, "refresh", **newer)
    assert again.records("token.published") == []


def test_another_client_gets_a_refusal_and_the_signin_stays(
    signed_in: Pod, demand: Callable[..., Turn]
) -> None:
    """serve with another AZURE_CLIENT_ID than refresh: 78, and the cache is as it was."""
    cache = (signed_in.private / "cache").read_bytes()
    done = demand(VAULT, AZURE_CLIENT_ID="99999999-0000-4000-8000-000000000000")
    assert done.code == 78
    assert "same settings" in done.output
    assert (signed_in.private / "cache").read_bytes() == cache
    assert list(signed_in.private.glob("*.damaged-*")) == []


def test_it_does_not_wait_for_an_open_prompt(pod: Pod, leaks: Leaks) -> None:
    """Another turn that holds the directories for long is an answer: 75, within a bounded time."""
    role = pod.start("refresh")
    role.wait_for("signin.code_issued")
    done = one_turn(pod, leaks, "refresh", "--demand", VAULT, SIDECAR_ON_DEMAND="any")
    assert done.code == 75
    assert "still-at-work" in done.output
    assert role.stop()[0] == 0


def test_heartbeat_of_the_loop_is_left_alone(signed_in: Pod, demand: Callable[..., Turn]) -> None:
    """A turn on demand is no sign of life of the loop, which may be dead."""
    before = (signed_in.private / "heartbeat").stat()
    assert demand(VAULT).code == 0
    after = (signed_in.private / "heartbeat").stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
