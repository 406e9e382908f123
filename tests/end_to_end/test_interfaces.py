"""What programs read, held against the schemas of docs/schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, eventually
from tests.schemas import SCHEMAS, objections, parsed


@pytest.mark.parametrize("format", ["json", "console"])
def test_prompt_and_tokens_are_what_their_schemas_say(pod: Pod, entra: Emulator, format: str) -> None:
    """The prompt's line on stdout, the same in prompt.json and in the status; then the tokens."""
    pod.settings["SIDECAR_TOKENS"] = "arm=https://management.azure.com/.default"
    running = pod.start("signin", SIDECAR_LOG_FORMAT=format)
    eventually((pod.private / "prompt.json").exists, "the prompt")
    line = running.wait_for("signin.code_issued")
    file = parsed((pod.private / "prompt.json").read_text())
    assert objections("prompt", line) == []
    assert file == line
    status = parsed(pod.run("status", "--json")[1])
    assert objections("status", status) == []
    assert status["prompt"] == line
    entra.approve()
    assert running.end() == 0
    for name in ("", "arm"):
        assert objections("token", parsed((pod.tokens / name / "token.json").read_text())) == []
        expires_on = (pod.tokens / name / "expires_on").read_text()
        assert expires_on == f"{pod.document(name)['expires_on']}\n"
    for name in ("live_until", "ready_until", "due", "heartbeat"):
        assert (pod.private / name).read_text().strip().isdecimal()


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schema_leaves_room_for_what_is_added_and_for_nothing_else(path: Path) -> None:
    """A further key is no breach; a missing one, a text for a number or another version is."""
    schema = json.loads(path.read_text())
    assert set(schema["required"]) == set(schema["properties"])
    assert "additionalProperties" not in schema
    assert objections(path.stem, {}) != []
    if path.stem != "token":
        assert schema["properties"]["version"] == {"const": 1}
