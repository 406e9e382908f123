"""Real processes: a sign-in that is asked for early, and one that waits for its hours."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod


def other_hours() -> str:
    """Hours of a day in UTC that are not now, nor within the next two hours."""
    return "20:00-21:00" if 2 <= datetime.now(UTC).hour < 17 else "10:00-11:00"


def test_told_end_is_asked_for_while_tokens_are_renewed(pod: Pod, entra: Emulator) -> None:
    """Sign-ins of half a minute: the second prompt comes before the first one ends, says why, and its answer
    replaces it; nothing is ever refused.
    """
    entra.policy.token_life, entra.policy.tell_session_end = 10, True
    entra.policy.signin_frequency = 28
    role = pod.start("refresh")
    first = role.wait_for("signin.code_issued")
    entra.approve(first["user_code"])
    plan = role.wait_for("signin.expected")
    assert plan["known"] == "told"
    assert plan["prompt_on"] < plan["ends_on"]
    second = role.wait_for("signin.code_issued", 2)
    assert time.time() < plan["ends_on"]
    assert "The present sign-in ends about" in second["reason"]
    assert pod.token()
    entra.approve(second["user_code"])
    role.wait_for("signin.completed", 2)
    role.wait_for("refresh.succeeded", 5)
    assert len(role.records("refresh.signin_required")) == 1
    code, seconds = role.stop()
    assert (code, seconds < 4) == (0, True)
    assert "Traceback" not in role.output


def test_frequency_is_learned_from_what_msal_hands_on(pod: Pod, entra: Emulator) -> None:
    """The first end is refused with 70043; the next sign-in has a plan at once."""
    entra.policy.token_life, entra.policy.approve_after = 10, 0
    entra.policy.signin_frequency = 42
    role = pod.start("refresh")
    role.wait_for("refresh.signin_required", 2)
    plan = role.wait_for("signin.expected")
    assert plan["known"] == "learned"
    assert 28 <= plan["ends_in_seconds"] <= 42
    assert role.stop()[0] == 0


def test_needed_outside_the_hours_waits_and_hup_asks(signed_in: Pod, entra: Emulator) -> None:
    """A refused token is not asked for again meanwhile, `status` says when people are; HUP asks at once, and
    TERM is heard.
    """
    entra.policy.token_life = 10
    role = signed_in.start("refresh", SIDECAR_SIGNIN_HOURS=other_hours())
    role.wait_for("refresh.scheduled")
    entra.revoke()
    role.process.send_signal(signal.SIGHUP)
    first = role.wait_for("signin.code_issued")
    entra.approve(first["user_code"])
    role.wait_for("signin.completed")
    entra.revoke()
    waiting = role.wait_for("refresh.signin_required", 2)
    assert waiting["in_seconds"] > 3600
    assert role.wait_for("refresh.scheduled", 3)["in_seconds"] > 3600
    before = len(entra.requests)
    code, table = signed_in.run("status")
    assert code == 0
    assert "NEEDED: asked for in" in table
    restarted = signed_in.start("refresh", SIDECAR_SIGNIN_HOURS=other_hours())
    restarted.wait_for("refresh.scheduled")
    assert restarted.stop()[0] == 0
    assert len(entra.requests) == before
    assert len(role.records("signin.code_issued")) == 1
    role.process.send_signal(signal.SIGHUP)
    role.wait_for("signin.code_issued", 2)
    code, seconds = role.stop()
    assert (code, seconds < 2) == (0, True)


def test_role_signin_asks_outside_the_hours(pod: Pod, entra: Emulator) -> None:
    """Somebody has started it."""
    entra.policy.approve_after = 0
    code, output = pod.run("signin", SIDECAR_SIGNIN_HOURS=other_hours())
    assert code == 0, output
