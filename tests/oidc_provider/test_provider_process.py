"""Starting and ending the certified provider, and the packages it is made of."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.oidc_provider.node import HERE, node_or_skip
from tests.oidc_provider.provider import OidcProvider, ProviderError


def test_a_provider_that_cannot_start_says_why() -> None:
    """Node's own words are in the exception, and nothing is left behind."""
    broken = OidcProvider(access_token_seconds=-1)
    with pytest.raises(ProviderError, match="--access-token-seconds needs a whole number"), broken:
        pytest.fail("a provider without a lifetime started")
    assert not broken.ca_file.exists()


def test_nothing_is_left_after_the_block() -> None:
    """The process is reaped and its keys are gone; closing again is harmless."""
    with OidcProvider() as running:
        pid, ca_file = running.pid, running.ca_file
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not ca_file.exists()
    running.close()


def test_a_provider_that_ended_by_itself_is_reported() -> None:
    """A crash of node is an error of the test, in a control and at the end of the block."""

    def crash() -> None:
        with OidcProvider() as running:
            os.kill(running.pid, signal.SIGKILL)
            with pytest.raises(ProviderError, match="requests: ConnectionError"):
                running.requests()

    with pytest.raises(ProviderError, match=r"ended by itself \(ended with -9\)"):
        crash()


def test_missing_node_skips_here_and_fails_in_ci(tmp_path: Path) -> None:
    """Without Node.js a developer's run goes on; in CI the gap is an error."""
    environ = {"PATH": str(tmp_path)}
    outcomes = (pytest.skip.Exception, pytest.fail.Exception)
    with pytest.raises(outcomes, match=r"needs Node\.js") as here:
        node_or_skip(environ)
    with pytest.raises(outcomes, match=r"needs Node\.js") as in_ci:
        node_or_skip(environ | {"CI": "true"})
    assert (here.type, in_ci.type) == outcomes


def test_the_lock_file_pins_everything_and_names_no_host() -> None:
    """Every package has a hash, and none an address: any registry or mirror will do."""
    lock = (HERE / "package-lock.json").read_text()
    assert "://" not in lock, "run `npm run lock` in tests/oidc_provider"
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')
