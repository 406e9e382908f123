"""What of the documentation comes from the code: `python -m tests.readme` writes it."""

from __future__ import annotations

from pathlib import Path

from sidecar.core.events import EVENTS
from sidecar.declarations import SETTINGS
from sidecar.errors import EXIT_CODES
from tests.errors_page import ERRORS, errors_page

README = Path(__file__).parents[1] / "README.md"


def tables() -> dict[str, str]:
    """Block name to Markdown."""
    settings = ["| setting | default | what it is |", "|---|---|---|"]
    settings += [
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} | {setting.help} |"
        for setting in SETTINGS
    ]
    codes = ["| code | meaning |", "|---|---|"]
    codes += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    events = ["| event | meaning |", "|---|---|"]
    events += [f"| `{name}` | {meaning} |" for name, meaning in EVENTS.items()]
    blocks = {"settings": settings, "exit-codes": codes, "events": events}
    return {name: "\n".join(lines) for name, lines in blocks.items()}


def filled(text: str) -> str:
    """`text` with every block between its markers as the code has it."""
    for name, table in tables().items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
    ERRORS.write_text(errors_page())
