"""What atheris has found once is tried again in every run."""

from __future__ import annotations

import pytest

from tests.torture.figures import count
from tests.torture.fuzz.targets import NAMES, corpus, target

MOST_FILES = 60
MOST_BYTES = 200_000


@pytest.mark.parametrize("name", NAMES)
def test_what_was_found_once_breaks_nothing(name: str) -> None:
    """Inputs that reach code no other reaches, and those that once crashed."""
    inputs = sorted(corpus(name).iterdir())
    assert inputs
    for path in inputs:
        try:
            target(name)(path.read_bytes())
        except BaseException as error:
            error.add_note(f"by {path.name}")
            raise
    count("fuzz", f"inputs of the corpus: {name}", len(inputs))


def test_corpus_stays_small() -> None:
    """It is part of every clone, and of every run."""
    sizes = {name: [path.stat().st_size for path in corpus(name).iterdir()] for name in NAMES}
    assert max(len(found) for found in sizes.values()) <= MOST_FILES
    assert sum(sum(found) for found in sizes.values()) <= MOST_BYTES
