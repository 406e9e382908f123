"""A real Prometheus scrapes the role `serve` with our rules, while a token is let die and comes back."""

from __future__ import annotations

import secrets
import shutil
import signal
from pathlib import Path

import pytest
import requests

from tests.emulator import Emulator
from tests.emulator.faults import Reset
from tests.end_to_end.pod import Pod, Running
from tests.leaks import Leaks
from tests.monitoring.documents import expressions, in_a_hurry
from tests.monitoring.prometheus import Prometheus

pytestmark = [
    pytest.mark.serial,
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="no prometheus: Debian's package prometheus has it"
    ),
]

NOTHING_THERE = {"Failures by reason B", "Failures by reason C"}
"""No turn failed as a whole, and no sign-in."""


@pytest.fixture
def secret_file(tmp_path: Path, leaks: Leaks) -> Path:
    """What `serve` asks for where it does not listen on loopback alone."""
    secret = secrets.token_urlsafe(32)
    leaks.issued({secret})
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_text(secret)
    return file


def port_of(serve: Running) -> str:
    """Where it listens."""
    return str(serve.wait_for("serve.started")["address"]).rpartition(":")[2]


def test_token_that_is_let_die_is_told_of_and_so_is_its_return(
    signed_in: Pod, entra: Emulator, secret_file: Path, tmp_path: Path, leaks: Leaks
) -> None:
    """Nothing fires while all is well; the alert comes with the expiry, with its reason in the counters, and
    goes when the authority is back. Every panel of the dashboard shows something. When `serve` ends, that is
    told too.
    """
    entra.policy.token_life = 20
    serve = signed_in.start(
        "serve", SIDECAR_SERVE_ADDRESS="0.0.0.0:0", SIDECAR_SERVE_SECRET_FILE=str(secret_file)
    )
    target = f"127.0.0.1:{port_of(serve)}"
    config = in_a_hurry(target, secret_file, tmp_path)
    role = signed_in.start("refresh", "--now")
    role.wait_for("refresh.succeeded")
    with Prometheus(config, tmp_path) as prometheus:
        expiry = 'entra_sidecar_token_expiry_timestamp_seconds{token="token"}'
        left = prometheus.wait_until(lambda: prometheus.value(f"{expiry} - time()"), "a scrape")
        assert left > 0
        assert prometheus.value('entra_sidecar_prompts_total{outcome="completed"}') == 1
        entra.faults.always("*", Reset())
        # Before its first scrape it missed the target.
        prometheus.wait_until(lambda: prometheus.firing() == {}, "no alert")
        assert (prometheus.value(f"{expiry} - time()") or 0) > 0

        summary = prometheus.wait_until(lambda: prometheus.firing().get("EntraTokenExpired"), "the alert")
        assert summary.startswith("The token token of 127.0.0.1:")
        failures = 'entra_sidecar_token_renewal_failures_total{token="token", reason="authority-unreachable"}'
        prometheus.wait_until(lambda: prometheus.value(failures), "its reason")
        assert (prometheus.value("entra_sidecar_outage_budget_seconds") or 0) < 0

        entra.faults.clear()
        entra.policy.token_life = 3600
        role.process.send_signal(signal.SIGHUP)
        prometheus.wait_until(lambda: prometheus.firing() == {}, "no alert")
        assert (prometheus.value(f"{expiry} - time()") or 0) > 3000
        assert (prometheus.value('entra_sidecar_token_renewals_total{token="token"}') or 0) >= 2

        empty = {place for place, asked in expressions().items() if prometheus.value(asked) is None}
        assert empty == NOTHING_THERE
        asking = {"Authorization": f"Bearer {secret_file.read_text()}"}
        told = requests.get(f"http://{target}/metrics", headers=asking, timeout=10).text
        assert "entra_sidecar_token_renewals_total" in told
        serve.stop()
        prometheus.wait_until(lambda: "EntraServeDown" in prometheus.firing(), "serve is missed")
        leaks.printed("prometheus", prometheus.output)
        leaks.printed("metrics", told)
    assert role.stop()[0] == 0
