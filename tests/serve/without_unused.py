"""A scrape without the modules that image/root.sh leaves out: `python -m tests.serve.without_unused`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def left_out() -> set[str]:
    """Names of modules, of the list in image/root.sh."""
    listed = re.search(r"^unused='([^']*)'", (ROOT / "image/root.sh").read_text(), flags=re.MULTILINE)
    assert listed
    words = [word.removeprefix("lib-dynload/") for word in listed[1].split()]
    return {re.sub(r"\.(py|\*)$", "", word) for word in words if not word.endswith(("XX", "txt"))}


class LeftOut(MetaPathFinder):
    """Knows what is not there."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Only ever objects."""
        del path, target
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(name)


def scrape() -> str:
    """In both forms."""
    from sidecar.core.journal import Journal
    from sidecar.core.web import Request
    from sidecar.serve.metrics import metrics
    from sidecar.status import Found

    door = metrics(lambda: Found({}, Journal(), None, 1.0), boot=lambda: 1.0)
    forms = ("", "application/openmetrics-text;version=1.0.0")
    return "".join(door(Request("GET", "/metrics", headers={"accept": form})).body.decode() for form in forms)


if __name__ == "__main__":
    sys.meta_path.insert(0, LeftOut(left_out()))
    print(scrape())
