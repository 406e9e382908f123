"""The history, as real processes write it."""

from __future__ import annotations

from sidecar.adapters.state_dir import StateDirectory
from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually


def counts(pod: Pod) -> dict[tuple[str, str], int]:
    """By event and detail."""
    return {
        (event, detail): number
        for (event, _, detail), number in StateDirectory(pod.private).history().counts.items()
    }


def test_prompt_is_counted_while_it_is_open_and_when_it_ends(pod: Pod, entra: Emulator) -> None:
    """Each turn counts on from where the last one ended; one that is ended by TERM has counted too. The code
    is in none of it.
    """
    role = pod.start("refresh")
    code = role.wait_for("signin.code_issued")["user_code"]
    asked = {("refresh.signin_required", "signin-required"): 1}
    eventually(lambda: counts(pod) == asked, "the prompt's reason is counted")
    assert role.stop()[0] == 0
    assert counts(pod) == {**asked, ("signin.withdrawn", "cancelled"): 1}

    role = pod.start("refresh")
    second = role.wait_for("signin.code_issued")["user_code"]
    entra.approve(second)
    role.wait_for("refresh.scheduled")
    assert role.stop()[0] == 0

    role = pod.start("refresh", "--now")
    role.wait_for("refresh.scheduled")
    eventually(lambda: ("refresh.succeeded", "") in counts(pod), "the renewal is counted")
    assert role.stop()[0] == 0
    found = counts(pod)
    assert found["signin.withdrawn", "cancelled"] == found["signin.withdrawn", "completed"] == 1
    assert found["refresh.signin_required", "signin-required"] == found["token.published", ""] == 2
    written = (pod.private / "history.json").read_text()
    assert code not in written
    assert second not in written
