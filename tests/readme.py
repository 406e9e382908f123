"""What of the documentation comes from the code: `python -m tests.readme` writes it."""

from __future__ import annotations

from pathlib import Path

from sidecar.core.checkup import CHECKS
from sidecar.core.event_fields import COMMON, ERROR_FIELDS, EVENT_FIELDS, MEANINGS
from sidecar.core.events import EVENTS
from sidecar.declarations import SETTINGS
from sidecar.errors import EXIT_CODES
from sidecar.serve.measures import METRICS, PREFIX
from tests.errors_page import ERRORS, errors_page
from tests.tables import filled as markers_filled

README = Path(__file__).parents[1] / "README.md"
INTERFACES = README.parent / "docs/interfaces.md"
SERVE = README.parent / "docs/serve.md"


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
    fields = ["| event | fields |", "|---|---|"]
    fields += [
        f"| `{name}` | {', '.join(f'`{field}`' for field in EVENT_FIELDS.get(name, ()))} |" for name in EVENTS
    ]
    meanings = ["| field | meaning |", "|---|---|"]
    meanings += [f"| `{name}` | {words} |" for name, words in {**COMMON, **MEANINGS}.items()]
    errors = ["| field | meaning |", "|---|---|"]
    errors += [f"| `{name}` | {words} |" for name, words in ERROR_FIELDS.items()]
    checks = ["| check | what it looks at |", "|---|---|"]
    checks += [f"| `{name}` | {words} |" for name, words in CHECKS.items()]
    metrics = ["| metric | labels | meaning |", "|---|---|---|"]
    metrics += [
        f"| `{PREFIX}{name}` | {', '.join(f'`{label}`' for label in each.labels)} | {each.help} |"
        for name, each in METRICS.items()
    ]
    blocks = {
        "settings": settings,
        "exit-codes": codes,
        "events": events,
        "event-fields": fields,
        "field-meanings": meanings,
        "error-fields": errors,
        "checks": checks,
        "metrics": metrics,
    }
    return {name: "\n".join(lines) for name, lines in blocks.items()}


def filled(text: str) -> str:
    """`text` with every block between its markers as the code has it."""
    return markers_filled(
        text, {name: table for name, table in tables().items() if f"<!-- {name}: begin -->" in text}
    )


if __name__ == "__main__":
    for document in (README, INTERFACES, SERVE):
        document.write_text(filled(document.read_text()))
    ERRORS.write_text(errors_page())
