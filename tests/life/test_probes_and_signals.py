"""What probes are told, and what a signal in the wrong moment leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.adapters.log import Log
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.device_code import Answer
from sidecar.core.token import Labels
from sidecar.custody import Custody
from sidecar.elsewhere import Elsewhere, Nowhere
from sidecar.errors import DirectoryError
from sidecar.posix.interrupts import Interrupted, Interrupts
from sidecar.renewal import Renewal
from tests.life.bench import ARM, GRAPH, Bench
from tests.life.doubles import QuietHeart


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A new pod that wants one token."""
    return Bench.in_directory(tmp_path)


def test_probes_judge_what_readers_see(bench: Bench) -> None:
    """A renewal that cannot be published keeps nothing green: readers still have the old token."""
    bench.signin()
    published = bench.published()
    assert published is not None
    bench.clock.sleep(3000)
    bench.full = True
    assert isinstance(bench.turn(), DirectoryError)
    assert bench.number("live_until") == published["expires_on"]


@pytest.mark.parametrize(
    ("life", "min_validity"), [(3600, 60), (3600, 1500), (3600, 1800), (60, 60), (120, 60)]
)
def test_readiness_does_not_flap_between_renewals(bench: Bench, life: int, min_validity: int) -> None:
    """A token is renewed before readiness would miss it, whatever SIDECAR_MIN_VALIDITY asks for."""
    policy = type(bench.rules.policy)(refresh_at=0.66, spread=1.0, min_validity_seconds=min_validity)
    bench.rules = type(bench.rules)(
        wanted=bench.rules.wanted, policy=policy, admission=bench.rules.admission, may_prompt=True
    )
    bench.authority.life_seconds = life
    bench.signin()
    bench.turn()
    for _ in range(20):
        wake = bench.number("wake")
        bench.clock.sleep(wake - bench.clock.boot)
        assert bench.number("ready_until") > bench.clock.now()
        bench.turn()


def test_codes_that_expire_at_once_are_replaced_more_and_more_slowly(bench: Bench) -> None:
    """A provider whose codes are dead on arrival makes no flood of prompts."""
    bench.authority.polls.extend([Answer.EXPIRED] * 10_000)
    bench.timeout_seconds = 600
    bench.signin()
    assert 5 <= len(bench.authority.prompts) <= 20


class Terminated(TokenDirectory):
    """TERM arrives while the generation is swapped in."""

    def _link(self, contents: Mapping[str, str]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        super()._link(contents)


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """Real handlers, taken back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    installed = Interrupts()
    installed.install()
    yield installed
    installed.retire()
    for number, handler in before.items():
        signal.signal(number, handler)


def custody_of(
    bench: Bench, interrupts: Interrupts, token_dir: TokenDirectory, elsewhere: Elsewhere | None = None
) -> Custody:
    """Of this pod, with signals as they are."""
    return Custody(
        cache=bench.cache,
        token_dir=token_dir,
        state=StateDirectory(bench.state_path),
        wanted=bench.rules.wanted,
        labels=Labels(client_id="client", entra=True),
        clock=bench.clock,
        interrupts=interrupts,
        log=Log(format="json", level="debug", stream=bench.output),
        elsewhere=elsewhere,
    )


def test_term_during_a_publication_waits_for_its_end(bench: Bench, interrupts: Interrupts) -> None:
    """Also where it costs no request, such as after a lost token directory: all names or none."""
    bench.signin()
    for entry in bench.token_path.iterdir():
        if entry.is_symlink():
            entry.unlink()
    custody = custody_of(bench, interrupts, Terminated(bench.token_path, Access()))
    custody.open()
    with pytest.raises(Interrupted):
        custody.publish()
    assert {"token", "token.json", "expires_on"} <= {path.name for path in bench.token_path.iterdir()}
    assert bench.published() is not None


def test_term_beside_a_renewal_of_the_lease_sends_no_further_request(
    bench: Bench, interrupts: Interrupts
) -> None:
    """The Lease may take its ten seconds; what was obtained before is saved, and nobody is asked for more."""
    bench.rules = replace(bench.rules, wanted={"": GRAPH, "arm": ARM})
    bench.signin()
    bench.authority.requests.clear()

    class Slow(Nowhere):
        """TERM comes while the Lease is renewed for the second request."""

        calls = 0

        def make_room(self) -> None:
            """The turn's, the first token's, the second one's."""
            self.calls += 1
            if self.calls == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    custody = custody_of(bench, interrupts, TokenDirectory(bench.token_path, Access()), Slow())
    custody.open()
    renewal = Renewal(
        authority=bench.authority,
        custody=custody,
        heart=QuietHeart(bench.state_path / "heartbeat", bench.clock),
        interrupts=interrupts,
        wanted=bench.rules.wanted,
        admission=bench.rules.admission,
        log=Log(format="json", level="debug", stream=bench.output),
    )
    with pytest.raises(Interrupted):
        renewal.run(["", "arm"], attempts=1)
    assert [kind for kind, _ in bench.authority.requests] == ["renew"]
    assert list(renewal.renewed) == [""]
