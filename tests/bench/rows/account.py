"""Where the CPU of a turn goes: how far Python has come, step by step, and what each saving gives.

All are processes in one container of our image, interleaved.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sidecar.deferral import DEFERRED
from tests.bench.contender import IMPORT_MSAL, Contender
from tests.bench.engine import Engine, Place
from tests.bench.rows.metered import TURN, WITH_CODE, metered
from tests.bench.rows.samples import tell

LIBRARY = "import dataclasses, json, logging, pathlib, ssl, urllib.request"
DEFERRAL = "from sidecar.deferral import defer; defer()"
CACHE = f"{DEFERRAL}; import msal, msal_extensions; msal.SerializableTokenCache"
LOGGING = "import structlog"
OURS = "import sidecar.cli, sidecar.composition, sidecar.adapters.log"


def _imports(*code: str) -> list[str]:
    """As a turn does it: nothing is collected meanwhile, nor at the end (`sidecar.cli`)."""
    return ["-c", "; ".join(["import gc; gc.disable()", *code, "gc.freeze()"])]


STEPS: Mapping[str, list[str]] = {
    "Python starts": ["-c", "pass"],
    "modules of its own library": _imports(LIBRARY),
    "MSAL's cache and msal-extensions": _imports(LIBRARY, CACHE),
    "structlog": _imports(LIBRARY, CACHE, LOGGING),
    "our modules": _imports(LIBRARY, CACHE, LOGGING, OURS),
    "reading settings and files, deciding, writing": ["-m", "sidecar", "refresh"],
    "MSAL's client, TLS, the request, saving, publishing": ["-m", "sidecar", "refresh", "--now"],
}
"""Each does what the one before it does, and more."""

ALL = tuple(DEFERRED)
_COLLECTING = "import gc; gc.disable = gc.enable; "
_FLAGS = ("--log-level", "info")
WITH: Mapping[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "": ((), "", ()),
    "MSAL's managed identities, requests, urllib3": (("msal",), "", ()),
    "asyncio, which structlog asks for": (("asyncio",), "", ()),
    "XML, which MSAL asks for": (tuple(name for name in ALL if name.startswith("xml.")), "", ()),
    "a parser of flags, without flags": ((), "", _FLAGS),
    "garbage collection while it imports": ((), _COLLECTING, ()),
    "all of these": (ALL, _COLLECTING, _FLAGS),
}
"""What a turn does without: packages that do not wait, code before it, and further arguments bring it back.
The first is a turn as it is.
"""


def account(engine: Engine, ours: Contender, place: Place, *, runs: int) -> dict[str, list[dict[str, Any]]]:
    """`steps` and `savings`: undisturbed CPU in ms and the median peak in MiB, with their names in order.
    `place` has a sign-in.

    :raises EngineError: a process failed
    """
    tell("where a turn's CPU goes")
    commands: dict[str, dict[str, Any]] = {
        IMPORT_MSAL: {"argv": ["python3", "-P", "-c", "import msal"]},
        **{name: {"argv": [*TURN[:2], *step], "environment": WITH_CODE} for name, step in STEPS.items()},
        **{name: {"argv": _turn(*how), "environment": WITH_CODE} for name, how in WITH.items()},
    }
    found = {
        name: {
            "name": name,
            "cpu_ms": round(_undisturbed([each["cpu_ms"] for each in those]), 1),
            "peak_mib": round(statistics.median(each["peak_kib"] for each in those) / 1024, 1),
        }
        for name, those in metered(engine, ours, place, commands, runs).items()
    }
    return {
        "reference": [found[IMPORT_MSAL]],
        "steps": [found[name] for name in STEPS],
        "savings": [found[name] for name in WITH],
    }


def _undisturbed(figures: list[float]) -> float:
    """The first decile: what most runs take more is the machine's, and more than the steps differ by; the
    least of all is luck.
    """
    return sorted(figures)[len(figures) // 10]


def _turn(packages: tuple[str, ...], before: str, further: tuple[str, ...]) -> list[str]:
    arguments = ["sidecar", "refresh", "--now", *further]
    code = (
        f"import sys; sys.argv = {arguments!r}; {before}import sidecar.deferral as it; "
        f"it.defer.__defaults__ = ({{n: p for n, p in it.DEFERRED.items() if n not in {packages!r}}},); "
        "from sidecar.cli import main; sys.exit(main())"
    )
    return ["python3", "-P", "-c", code]
