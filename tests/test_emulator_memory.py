"""A stand-in that remembers: what a restart of it does not cost."""

from __future__ import annotations

from pathlib import Path

from tests.emulator import Emulator
from tests.emulator.client import Client
from tests.emulator.tokens import signing_key
from tests.leaks import Leaks

RENEWED = "https://graph.microsoft.com/.default offline_access"


def test_a_sign_in_survives_a_restart_of_the_stand_in(tmp_path: Path, leaks: Leaks) -> None:
    """Its refresh token renews and its access token is accepted, as at an authority that never restarts."""
    memory = tmp_path / "memory.json"
    with Emulator(memory_file=memory) as entra, Client(entra) as client:
        granted = client.sign_in()
        port = entra.port
        leaks.issued(entra.secrets)
    signing_key.cache_clear()  # a new process would have another
    with Emulator(memory_file=memory, port=port) as entra, Client(entra) as client:
        assert client.get("/v1.0/me", granted["access_token"]).status_code == 200
        assert client.post_refresh(granted["refresh_token"], RENEWED).status_code == 200
        assert granted["refresh_token"] in entra.secrets
        leaks.issued(entra.secrets)


def test_a_revoked_sign_in_stays_revoked(tmp_path: Path, leaks: Leaks) -> None:
    """A restart forgives nothing: the same error with the same number comes again."""
    memory = tmp_path / "memory.json"
    with Emulator(memory_file=memory) as entra, Client(entra) as client:
        granted = client.sign_in()
        assert client.control("POST", "conditional_access", {"code": 50076}).ok
        first = client.post_refresh(granted["refresh_token"], RENEWED).json()
        leaks.issued(entra.secrets)
    with Emulator(memory_file=memory) as entra, Client(entra) as client:
        again = client.post_refresh(granted["refresh_token"], RENEWED).json()
        leaks.issued(entra.secrets)
    assert (again["error"], again["suberror"]) == (first["error"], first["suberror"])
    assert again["error_codes"] == first["error_codes"] == [50076]


def test_the_file_is_for_nobody_else(tmp_path: Path, leaks: Leaks) -> None:
    """It holds refresh tokens and a signing key: 0600 from the first byte on, also after it was replaced."""
    memory = tmp_path / "memory.json"
    with Emulator(memory_file=memory) as entra, Client(entra) as client:
        assert memory.stat().st_mode & 0o777 == 0o600
        client.sign_in()
        assert memory.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["memory.json"]
        leaks.issued(entra.secrets)
