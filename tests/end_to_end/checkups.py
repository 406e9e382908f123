"""What `doctor` says of a pod, held against its schema."""

from __future__ import annotations

from typing import Any

from sidecar.core.checkup import CHECKS
from tests.end_to_end.pod import Pod
from tests.schemas import objections, parsed


def examined(pod: Pod, **settings: str) -> dict[str, dict[str, Any]]:
    """Every check by its name; the document is held against its schema, the exit code against it."""
    code, output = pod.run("doctor", "--json", seconds=60.0, **settings)
    document = parsed(output)
    assert objections("doctor", document) == []
    assert code == (0 if document["ok"] else 1)
    assert [check["name"] for check in document["checks"]] == list(CHECKS)
    return {check["name"]: check for check in document["checks"]}


def failures(checks: dict[str, dict[str, Any]]) -> list[str]:
    """The names of those that failed; each says what to do."""
    found = [check for check in checks.values() if check["outcome"] == "fail"]
    assert all(check["fix"] for check in found)
    return [check["name"] for check in found]
