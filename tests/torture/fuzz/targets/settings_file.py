"""Any settings file: values as the environment would give them, or one line for each mistake."""

from __future__ import annotations

import json

from sidecar.settings import Settings, read_what_is_right
from tests.torture.fuzz.draws import FORGED, Draws
from tests.torture.fuzz.promises import folder, nothing_secret, printable_lines
from tests.torture.fuzz.targets.settings import GUID, SOUND

SECRET = "hunter2-hunter2"
TOML = f"""client_id = "{GUID}"
scopes = ["User.Read"]
token_mode = "0640"
serve_imds = true
[tokens]
graph = ["https://graph.microsoft.com/.default", "User.Read"]
"""
SAMPLE = {
    "authority": "https://login.microsoftonline.com/common",
    "client_id": GUID,
    "scope": ["User.Read"],
    "endpoint": "https://graph.microsoft.com/v1.0/me",
    "client_secret": SECRET,
}
KEYS = (*SAMPLE, *SOUND, "tokens", "token_dir", "settings_file", "secret", "", FORGED, "a\ud800")


def one_input(data: bytes) -> None:
    """Whatever is taken has its type; nothing that stands beside a key is repeated."""
    draws = Draws(data)
    kind = draws.below(4)
    content = (TOML.encode(), json.dumps(SAMPLE).encode(), json.dumps(_object(draws)).encode(), b"")[kind]
    if kind == 3:
        content = draws.take(512)
    if draws.sometimes():
        content = draws.torn(content)
    with folder() as path:
        file = path / draws.one_of(("settings", "settings.toml", "settings.json"))
        file.write_bytes(content)
        found, mistakes = read_what_is_right({"SIDECAR_SETTINGS_FILE": str(file)}, {})
    for mistake in mistakes:
        assert mistake.split(":")[0].isidentifier(), mistake
        printable_lines(mistake)
    if SECRET.encode() in content and kind == 1:
        nothing_secret("".join(mistakes), [SECRET])
    _well_typed(found)


def _object(draws: Draws) -> dict[str, object]:
    return {draws.one_of(KEYS): draws.value() for _ in range(draws.below(6))}


def _well_typed(found: Settings) -> None:
    assert found.client_id.isprintable()
    assert found.authority_host.startswith("https://")
    assert found.token_mode & 0o133 == 0
    assert 0 < found.refresh_at <= 0.8
    assert found.min_validity > 0
    for scopes in (found.scopes, found.on_demand, *found.tokens.values()):
        assert all(scope.isprintable() and not set(scope) & set(" ,") for scope in scopes)
