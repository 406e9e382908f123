"""A certified OpenID provider that nobody here wrote, run beside a test (server.mjs)."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import requests
import trustme

from tests.oidc_provider.node import HERE, install_packages, node_or_skip

START_SECONDS = 30.0
CLOSE_SECONDS = 5.0
REQUEST_SECONDS = 10.0
ERRORS_SHOWN = 4000


class ProviderError(Exception):
    """The provider did not start, ended by itself or refused a control; with what node said."""


class OidcProvider:
    """Device flow (RFC 8628) and rotating refresh tokens with reuse detection (RFC 9700 section
    4.14.2) for one public client, over HTTPS with a CA of its own. A context manager: it runs
    inside the `with` block. Every sign-in makes a grant of its own.

    Durations are whole seconds. `interval_seconds` is announced, not enforced: the library never
    answers `slow_down`.
    """

    client_id = "sidecar-under-test"
    account = "ada@example.test"
    scope = "api:read"  # beside openid, profile, email and offline_access

    def __init__(
        self,
        *,
        access_token_seconds: int = 3600,
        refresh_token_seconds: int = 14 * 24 * 3600,
        device_code_seconds: int = 600,
        interval_seconds: int = 1,
    ) -> None:
        self._options = {
            "client-id": self.client_id,
            "access-token-seconds": access_token_seconds,
            "refresh-token-seconds": refresh_token_seconds,
            "device-code-seconds": device_code_seconds,
            "interval-seconds": interval_seconds,
        }
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        """Start it. Skips the test where there is no Node.js (fails in CI); raises ProviderError."""
        node, npm = node_or_skip()
        install_packages(npm)
        with contextlib.ExitStack() as stack:
            directory = tempfile.TemporaryDirectory(prefix="oidc-provider-")
            self._directory = Path(stack.enter_context(directory))
            self._session = stack.enter_context(requests.Session())
            stack.callback(self._end)
            self._start(node)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `close`."""
        self.close()

    def close(self) -> None:
        """End node, by its pid, and remove its keys. A second time does nothing.

        Raises ProviderError if node had ended before it was told to, or did not end in time.
        """
        self._stack.close()

    @property
    def authority(self) -> str:
        """The issuer, as `oidc_authority` of MSAL and SIDECAR_OIDC_AUTHORITY want it."""
        return f"https://localhost:{self._port}/op"

    @property
    def ca_file(self) -> Path:
        """PEM of the one certificate authority that vouches for it."""
        return self._directory / "ca.pem"

    @property
    def pid(self) -> int:
        """Of the node process."""
        assert self._process is not None
        return self._process.pid

    def approve(self, user_code: str, account: str = account) -> None:
        """A person enters the code, signs in as `account` and agrees to the scopes asked for.

        `account` becomes `preferred_username` and `email`; `sub` is something else. Raises
        ProviderError if the code is unknown, has expired or was used.
        """
        self._control("POST", "approve", user_code=user_code, account=account)

    def decline(self, user_code: str) -> None:
        """A person enters the code and presses "Abort". Raises like `approve`."""
        self._control("POST", "decline", user_code=user_code)

    def revoke(self, account: str = account) -> int:
        """An administrator takes back all grants of `account`; how many were still alive."""
        return cast(int, self._control("POST", "revoke-grant", account=account)["revoked"])

    def secrets(self) -> set[str]:
        """Every access, refresh and ID token and device code it ever issued, delivered or not."""
        return {secret for issued in self._control("GET", "issued").values() for secret in issued}

    def requests(self) -> dict[str, int]:
        """Requests answered so far, by the library's route names.

        `discovery`, `device_authorization`, `userinfo` …; `token` is split by grant:
        `token:device_code`, `token:refresh_token`.
        """
        return cast(dict[str, int], self._control("GET", "requests"))

    def reuse_detected(self) -> int:
        """How often a refresh token came a second time, and its grant was revoked for that."""
        return cast(int, self._control("GET", "reuse-detected")["count"])

    def _start(self, node: str) -> None:
        ca = trustme.CA(organization_name="OpenID provider for tests")
        leaf = ca.issue_cert("localhost", "127.0.0.1")
        ca.cert_pem.write_to_path(self.ca_file)
        key, cert = self._directory / "key.pem", self._directory / "cert.pem"
        leaf.private_key_pem.write_to_path(key)
        leaf.cert_chain_pems[0].write_to_path(cert)
        # The environment must not choose another CA bundle or a proxy.
        self._session.trust_env = False
        self._session.verify = str(self.ca_file)

        options = [f"--{name}={value}" for name, value in self._options.items()]
        with (self._directory / "stderr").open("w") as errors:
            self._process = subprocess.Popen(
                [node, str(HERE / "server.mjs"), f"--key={key}", f"--cert={cert}", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C is for the test, which then closes this
                # DEBUG and NODE_OPTIONS of the developer's shell would change what it does and says.
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            )
        self._port = self._wait_for_port(self._process)

    def _wait_for_port(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        with selectors.DefaultSelector() as readable:
            readable.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if readable.select(START_SECONDS) else ""
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)  # its end of the pipe closes a little before it is gone
            raise ProviderError(self._with_errors("the provider did not start"))
        return cast(int, json.loads(line)["listening"])

    def _control(self, method: str, action: str, **body: str) -> dict[str, Any]:
        url = f"https://localhost:{self._port}/_control/{action}"
        try:
            answer = self._session.request(method, url, json=body or None, timeout=REQUEST_SECONDS)
        except requests.RequestException as error:
            raise ProviderError(self._with_errors(f"{action}: {type(error).__name__}")) from error
        if answer.status_code != requests.codes.ok:
            raise ProviderError(self._with_errors(f"{action}: {answer.status_code} {answer.text}"))
        return cast(dict[str, Any], answer.json())

    def _with_errors(self, what: str) -> str:
        """`what`, how node ended if it did, and the end of what it wrote to stderr."""
        said = (self._directory / "stderr").read_text()[-ERRORS_SHOWN:]
        ended = None if self._process is None else self._process.poll()
        return f"{what} ({'running' if ended is None else f'ended with {ended}'})\n{said}".rstrip()

    def _end(self) -> None:
        """TERM, and KILL after `CLOSE_SECONDS`; the process is reaped. Raises like `close`."""
        if self._process is None:
            return
        with self._process as process:
            process.terminate()
            try:
                # What it ended with tells a TERM that came too late; `poll` before would be a race.
                by_itself = process.wait(CLOSE_SECONDS) != -signal.SIGTERM
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise ProviderError(self._with_errors("the provider had to be killed")) from None
        if by_itself and self._port:
            raise ProviderError(self._with_errors("the provider ended by itself"))
