"""Some rows again with entrypoint.sh and real processes, where a crash or a traceback would show."""

from __future__ import annotations

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Fault, Refuse, Status
from tests.end_to_end.pod import Pod
from tests.torture import figures
from tests.torture.faults.odd_faults import Says
from tests.torture.faults.rows_tokens import ESCAPES
from tests.torture.faults.trial import SUITE


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("discovery", Says(302, {}, {"Location": "https://127.0.0.1:1/"})),
        ("devicecode", Says(401, {"message": "Unauthorized"})),
        ("token:device_code", Says(400, {"error": ESCAPES})),
        ("token:device_code", Says(200, {})),
    ],
    ids=["redirect", "stranger", "escapes", "nothing"],
)
def test_sign_in_goes_on_after_an_odd_answer(pod: Pod, entra: Emulator, kind: str, fault: Fault) -> None:
    """One prompt, one code, exit 0, and no traceback."""
    entra.faults.next(kind, fault)
    entra.policy.approve_after = 2
    role = pod.start("signin")
    assert role.end() == 0, role.output
    assert len(role.records("signin.code_issued")) == 1
    assert "Traceback" not in role.output
    assert "\x1b" not in role.output
    assert [request.fault for request in entra.requests if request.fault] != []
    figures.count(SUITE, "faults: before real processes")


@pytest.mark.parametrize(
    ("fault", "prompts"),
    [(Says(200, {}), 0), (Status(503, 3), 0), (Refuse(50173), 1)],
    ids=["nothing", "busy", "revoked"],
)
def test_renewal_goes_on_after_an_odd_answer(
    signed_in: Pod, entra: Emulator, fault: Fault, prompts: int
) -> None:
    """Only a revoked sign-in asks a person; the token stays where it is until the next one is there."""
    before = signed_in.token()
    entra.policy.approve_after = 0
    entra.faults.next("token:refresh_token", fault)
    role = signed_in.start("refresh", "--now")
    role.wait_for("token.published")
    assert signed_in.token() not in ("", before)
    assert len(role.records("signin.code_issued")) == prompts
    assert role.stop()[0] == 0
    assert "Traceback" not in role.output
    figures.count(SUITE, "faults: before real processes")
