"""One module a target, each with `one_input(data)`, which raises if a promise is broken."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

NAMES = (
    "settings",
    "settings_file",
    "template",
    "cache_file",
    "key_file",
    "state_dir",
    "http_answer",
    "answers",
)


def corpus(name: str) -> Path:
    """Where the inputs of the target `name` are kept that reach code no other reaches."""
    return Path(__file__).parents[1] / "corpus" / name


def target(name: str) -> Callable[[bytes], None]:
    """The function of the target `name`."""
    found: Callable[[bytes], None] = importlib.import_module(f"{__name__}.{name}").one_input
    return found
