"""Any template: filled in with what it names and nothing else, or told with its line."""

from __future__ import annotations

from sidecar.core import template
from sidecar.core.formats import Document, files_of
from tests.torture.fuzz.draws import FORGED, Draws
from tests.torture.fuzz.promises import printable_lines

PIECES = (
    *("{{", "}}", "{{ token }}", "{{ graph.token | json }}", '{{ "{{" }}', "{{ username|url|base64 }}"),
    *("{{ refresh_token }}", "{{ arm.token }}", "{{ token | ", "|", "\n", "{", '"', "$token", "text", FORGED),
    *("{{ x }}", "{{ token.token }}", "{{ " + "a" * 3000 + " }}", "{{ expires_on }}"),
)
NAMES = ("", "graph")


def one_input(data: bytes) -> None:
    """What has no mistake can be filled in; a value is never looked at again."""
    draws = Draws(data)
    text = "".join(
        draws.one_of(PIECES) if draws.below(3) else draws.text() for _ in range(draws.below(12) + 1)
    )
    text = text.encode("utf-8", "replace").decode()  # files are read strictly
    name = draws.text()
    documents: dict[str, Document] = {
        each: {"access_token": f"secret-of-{each}", "expires_on": 1, "username": name} for each in NAMES
    }
    found = template.mistakes(text, NAMES)
    printable_lines("\n".join(found))
    assert sum(map(len, found)) < 5000, "a message without end"
    if not found:
        filled = template.render(text, documents)
        assert filled is not None
        filled.encode()
        assert "secret-of-graph" not in filled or "graph." in text
        if "{{" not in text:
            assert filled == text
        if template.lacking(text, [""]):
            assert template.render(text, {"": documents[""]}) is None
    env = files_of(documents, ("env",))["env"]
    assert len(env.splitlines()) == 4, "a value became a line of its own"
