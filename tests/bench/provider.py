"""The one provider of a run: the stand-in for Entra as a process of its own, on loopback.

It is nobody's contender, so its CPU and memory are in no figure; what it counts is the requests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import certifi
import requests

from tests.emulator.journal import Request

ROOT = Path(__file__).parents[2]
CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The app that all sign in to: azure-cli knows its own alone."""
END_SECONDS = REQUEST_SECONDS = 30.0


class Provider:
    """A context manager; the process lives as long as it is open, and approves every sign-in by itself."""

    def __init__(self, *, token_life: int = 3600, interval: int = 1) -> None:
        """In seconds: how long tokens live, and what clients are told to wait between polls."""
        self._options = ("--token-life", str(token_life), "--interval", str(interval))
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-provider-")
        folder = Path(self._folder.name)
        self.ca_file = folder / "ca.pem"
        """Its certificate authority alone: for those who add it to what they trust."""
        self.bundle_file = folder / "bundle.pem"
        """The same behind all that certifi trusts: for those who are given one file in its place, so that
        they load as many certificates as they do in production."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.emulator", "--approve-after", "0", *self._options),
                *("--client-id", CLIENT_ID),
                *("--tls-dir", str(folder / "tls"), "--ca-out", str(self.ca_file)),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        try:
            told = json.loads(self._process.stdout.readline() or "{}")
            self.authority_host: str = told["authority_host"]
        except (ValueError, LookupError):
            self._end()
            raise RuntimeError("the provider did not start") from None
        except BaseException:  # whoever is told to end while it starts leaves no process behind
            self._end()
            raise
        self.tenant_id: str = told["tenant_id"]
        self.client_id: str = told["client_id"]
        self.bundle_file.write_bytes(Path(certifi.where()).read_bytes() + self.ca_file.read_bytes())
        self._session.verify = str(self.ca_file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()
        self._end()

    @property
    def port(self) -> int:
        """On loopback."""
        return int(self.authority_host.rpartition(":")[2])

    def requests(self, kind: str | None = None) -> list[Request]:
        """What arrived since `forget_requests`, in order: all, or of a kind (`token`, `token:refresh_token`,
        `devicecode`, `discovery`, …; see `tests.emulator.journal.KINDS`). `at` is epoch seconds.
        """
        query = f"?kind={kind}" if kind else ""
        return [Request(**each) for each in self._ask("GET", f"requests{query}")["requests"]]

    def forget_requests(self) -> None:
        """Count from nothing."""
        self._ask("DELETE", "requests")

    def approve_by_itself(self, wanted: bool) -> None:
        """Whether a person is there who approves at once; without one, `approve` does."""
        self._ask("POST", "policy", approve_after=0 if wanted else None)

    def approve(self) -> list[str]:
        """Sign the person in at all open prompts; their user codes.

        :raises requests.HTTPError: there is no open prompt
        """
        return [str(code) for code in self._ask("POST", "approve")["approved"]]

    def open_codes(self) -> list[str]:
        """The user codes that wait for a person."""
        return [str(code) for code in self._ask("GET", "codes")["user_codes"]]

    def latency(self, seconds: float) -> None:
        """Answer every request so much later; 0 ends it."""
        self._ask("DELETE", "faults")
        if seconds:
            fault = {"name": "hang", "seconds": seconds, "then_answer": True}
            self._ask("POST", "faults", kind="*", fault=fault, always=True)

    def token_life(self, seconds: int) -> None:
        """Of the access tokens that it gives out from now on."""
        self._ask("POST", "policy", token_life=seconds)

    def interval(self, seconds: int) -> None:
        """What clients are told to wait between polls, from the next prompt on."""
        self._ask("POST", "policy", interval=seconds)

    def secrets(self) -> set[str]:
        """All that it gave out and nobody may print."""
        return set(self._ask("GET", "secrets")["secrets"])

    def _ask(self, method: str, name: str, **content: Any) -> Any:
        url = f"{self.authority_host}/_control/{name}"
        answer = self._session.request(method, url, json=content or None, timeout=REQUEST_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.cleanup()
