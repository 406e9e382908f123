"""How often the authority is asked while it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.core.plan import Policy
from tests.torture.soak.faults import OUTAGES, Fault, Outages
from tests.torture.soak.one_outage import outage_at
from tests.torture.soak.ours import Pod
from tests.torture.soak.provider import Lives, Provider
from tests.torture.soak.virtual_time import DAY, WatchedClock


@pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: fault.value)
def test_outage_over_an_aged_discovery_document_costs_ten_requests_a_minute(
    tmp_path: Path, fault: Fault
) -> None:
    """The document is a day old and asked for again in vain: not at every turn, beside the renewal that
    fails as well.
    """
    clock = WatchedClock(every=DAY)
    provider = Provider(clock, Outages(()), Lives(0))
    pod = Pod(tmp_path, clock, provider, Policy(0.66, 0.0, 60))
    pod.sign_in()
    provider.faults = Outages((outage_at(DAY + 10, 3600, fault),))
    pod.live(DAY + 2 * 3600)
    assert pod.ready()
    assert provider.worst_minute <= 10
