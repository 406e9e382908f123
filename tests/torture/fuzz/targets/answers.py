"""Any answers of an authority, through HTTP client, guard and MSAL, in whole turns."""

from __future__ import annotations

import hashlib

from sidecar.adapters.sealing import Sealer
from tests.torture.fuzz.authority import OddAuthority
from tests.torture.fuzz.draws import Draws
from tests.torture.fuzz.pod import REFRESH, SIGNIN, OddPod
from tests.torture.fuzz.promises import folder


def one_input(data: bytes) -> None:
    """Turns end with a schedule, publish only what was granted, and the first sound answers heal."""
    draws = Draws(data)
    oidc, signed_in = draws.sometimes(3), draws.sometimes()
    with folder() as path:
        authority = OddAuthority(nonce=hashlib.sha256(data).hexdigest()[:8])  # no input knows its own
        pod = OddPod(path, authority, seal=Sealer(), oidc=oidc)
        if signed_in:
            assert pod.turn(SIGNIN) is None
        authority.draws = draws
        role = draws.one_of((REFRESH, SIGNIN))
        for _ in range(1 + draws.below(3)):
            pod.turn(role, at_once=signed_in)
            _only_what_was_granted(pod)
            pod.bench.clock.sleep(draws.one_of((60, 4000, 90000)))
        authority.draws = Draws(b"")
        pod.turn()
        pod.heal()
        assert authority.worn_out == 0, "a refresh token was lost, and an older one sent"
        _only_what_was_granted(pod)


def _only_what_was_granted(pod: OddPod) -> None:
    document = pod.bench.published()
    assert document is None or document["access_token"] in pod.authority.granted, "a refused token"
    if document is not None and pod.bench.rules.admission.users:
        assert document["object_id"] in pod.bench.rules.admission.users, "somebody else's token"
