"""`python -m tests.torture.fuzz TARGET --seconds N`: coverage-guided, until the time is over or a crash.

What is found goes into a directory of its own, given by --found; a crashing input is kept in the corpus of
the target, where the bounded suite replays it from then on.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path
from typing import Any

# Not installed where mypy and the bounded suite run.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["sidecar", "msal"]):
    from tests.torture.fuzz.targets import NAMES, corpus, target

    ONE_INPUT = {name: target(name) for name in NAMES}

LONGEST_INPUT = 600
HANG_SECONDS = 60


def main() -> None:
    """Never returns: libFuzzer ends the process, with another code than 0 for a crash or a hang."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0 for another one in every run")
    parser.add_argument("--found", type=Path, default=None, help="directory for inputs that reach new code")
    arguments = parser.parse_args()
    kept = corpus(arguments.target)
    kept.mkdir(parents=True, exist_ok=True)
    found = arguments.found or Path(tempfile.mkdtemp(prefix="fuzz-found-"))
    found.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-seed={arguments.seed}",
        f"-artifact_prefix={kept}/",
        f"-max_len={LONGEST_INPUT}",
        "-len_control=0",  # short inputs first would take all the time that there is
        f"-timeout={HANG_SECONDS}",
        "-print_final_stats=1",
    ]
    atheris.Setup(["fuzz", *options, str(found), str(kept)], ONE_INPUT[arguments.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
