"""What is imported late cannot be imported when no file can be opened: nothing is lost or misjudged then."""

from __future__ import annotations

import subprocess
import sys

from tests.end_to_end.pod import ROOT

STARVED = """
import os, resource
from sidecar.deferral import defer

defer()
import sidecar.composition
from sidecar.adapters.entra import Entra
from sidecar.adapters.retry import persistently, stubbornly
from sidecar.core.grant import Authority
from sidecar.errors import AuthorityUnreachable

kept = []

def starve():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
"""


def starved(script: str) -> str:
    """What a process of its own prints, which has loaded what a turn loads before its first request."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", STARVED + script],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_write_that_no_descriptor_was_left_for_is_tried_again() -> None:
    """Its predecessor is spent: what tries again needs no file of its own."""
    script = """
tries = []

def write():
    tries.append("a try")
    os.open("/dev/null", os.O_WRONLY)

starve()
stubbornly(write, sleep=lambda _seconds: os.close(kept.pop()))
print(len(tries))
"""
    assert starved(script) == "2"


def test_request_that_cannot_be_tried_again_fails_as_it_has() -> None:
    """The schedule knows what to do about that failure, and nothing of imports."""
    script = """
def call():
    starve()
    raise AuthorityUnreachable("nobody there")

try:
    persistently(call, attempts=3, rest=print)
except AuthorityUnreachable as error:
    print(error.message)
"""
    assert starved(script) == "nobody there"


def test_msal_that_cannot_be_loaded_is_no_mistake_in_the_settings() -> None:
    """Such a mistake would end the loop; of what passes the next turn knows nothing."""
    script = """
import sys

sys.modules["msal.application"] = None  # as a module whose memory is refused
entra = Entra(
    authority=Authority("https://login.microsoftonline.com/organizations"),
    client_id="app",
    cache=dict,
    transport=None,
    clocks=None,
)
try:
    entra.prepare()
except ImportError as error:
    print(type(error).__name__)
"""
    assert starved(script) == "ModuleNotFoundError"
