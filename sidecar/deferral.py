"""Modules that libraries import for what a turn never does wait here until somebody uses them.

A turn is a process of its own, so what it imports is most of its CPU and of its memory. No library is
changed: a package that waits is its own module, made from its own spec, whose `__init__` runs when a name is
asked of it that it does not have yet (PEP 562). Without this file everything works as well, and costs more;
docs/benchmarks.md says how much.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType

DEFERRED: Mapping[str, Mapping[str, str]] = {
    # `__init__` imports the client of managed identities, and with it requests, urllib3 and
    # charset_normalizer. What a public client needs is in modules of its own.
    "msal": {
        "PublicClientApplication": "msal.application",
        "SerializableTokenCache": "msal.token_cache",
        "TokenCache": "msal.token_cache",
        "auth_scheme": "msal.auth_scheme",
    },
    # structlog has asynchronous methods too; none is called here.
    "asyncio": {},
    # MSAL speaks SOAP with ADFS if it is given a password; here nobody is asked for one.
    "xml.etree.cElementTree": {},
    "xml.etree.ElementTree": {},
}
"""Names of packages, with the modules in which some of their names are found without running `__init__`."""


def defer(packages: Mapping[str, Mapping[str, str]] = DEFERRED) -> None:
    """To be called before anything else imports them; a package that is there already is left alone."""
    # From Python 3.12 on each log record asks asyncio for its task (Logging HOWTO, "Optimization").
    vars(logging)["logAsyncioTasks"] = False
    for name, found_in in packages.items():
        if name not in sys.modules:
            _open(name, found_in)


def _open(name: str, found_in: Mapping[str, str]) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return  # whoever imports it is told
    package, loader = importlib.util.module_from_spec(spec), spec.loader
    running = threading.RLock()
    under_way = False

    def missing(wanted: str) -> object:
        nonlocal under_way
        if wanted in found_in:
            with suppress(ImportError):  # another version keeps it elsewhere
                module = importlib.import_module(found_in[wanted])
                # A module below the package is an attribute of it from here on.
                if wanted not in vars(package) and wanted in vars(module):
                    setattr(package, wanted, vars(module)[wanted])
        if not under_way and wanted not in vars(package):
            _import_below(package, wanted)
        # Other threads wait for what one of them runs; what `__init__` itself asks for, it has not got yet.
        with running:
            if wanted not in vars(package) and not under_way and vars(package).get("__getattr__") is missing:
                under_way = True
                try:
                    loader.exec_module(package)
                    if vars(package).get("__getattr__") is missing:  # the package may have one of its own
                        del vars(package)["__getattr__"]
                finally:  # if it failed, whoever asks next tries again, as with any import
                    under_way = False
            if wanted not in vars(package) and vars(package).get("__getattr__") not in (None, missing):
                return getattr(package, wanted)
        try:
            return vars(package)[wanted]
        except KeyError:
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}") from None

    vars(package)["__getattr__"] = missing
    sys.modules[name] = package
    parent, _, short = name.rpartition(".")
    if parent:  # as the import system does: `import a.b` alone would not make `a.b` known
        setattr(sys.modules[parent], short, package)


def _import_below(package: ModuleType, wanted: str) -> None:
    """Import it if it is a module of the package. `from . import events` asks the package first, in the
    midst of the import of its neighbour, on which `__init__`, if it ran now, would run aground.
    """
    name = f"{package.__name__}.{wanted}"
    if "__path__" in vars(package) and importlib.util.find_spec(name):
        importlib.import_module(name)
