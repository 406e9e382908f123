"""The emulator as one object: started, scripted and read by tests."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.emulator.ca import CertificateAuthority
from tests.emulator.clock import Clock
from tests.emulator.control import Control
from tests.emulator.directory import CLIENT_ID, CONTOSO_ID, App, Directory
from tests.emulator.errors import EntraError
from tests.emulator.grants import DeviceCode, Grants, State
from tests.emulator.graph import Resources
from tests.emulator.journal import Journal, Request
from tests.emulator.memory import Memory
from tests.emulator.oauth import AuthorizationServer
from tests.emulator.policy import Policy
from tests.emulator.script import Faults
from tests.emulator.server import TlsServer
from tests.emulator.signin_page import SigninPage
from tests.emulator.site import EntraSite
from tests.emulator.tokens import Mint, signing_key

WAIT_SECONDS = 30.0


class Emulator:
    """A context manager; listening from the moment it is made, closed within a second.

    Keywords beyond the named ones are the fields of `Policy` (`token_life=5`, `rotation="one-time"`,
    `approve_after=0`, …), which `policy` holds for changes on the way.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hostname: str = "localhost",
        tenant_id: str = CONTOSO_ID,
        client_id: str = CLIENT_ID,
        app_name: str = "Entra token sidecar",
        public_client: bool = True,
        multi_tenant: bool = True,
        clock: Clock | None = None,
        ca_file: Path | None = None,
        tls_dir: Path | None = None,
        access_log: Path | None = None,
        memory_file: Path | None = None,
        **policy: Any,
    ) -> None:
        """`hostname` is the name in its URLs, for networks in which it is not localhost.

        `tls_dir` keeps the certificates from one run to the next (`CertificateAuthority`), `memory_file`
        who has signed in (`Memory`).
        """
        self.clock = clock or Clock()
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.policy = Policy(**policy)
        self.app = App(client_id, app_name, public_client=public_client, multi_tenant=multi_tenant)
        self.directory = Directory(tenant_id=tenant_id, app=self.app)
        self.directory.user(self.policy.user)
        self.grants = Grants()
        self.faults = Faults(self.clock.now)
        self.journal = Journal(access_log)
        self._lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix="emulator-")
        self.ca_file = ca_file or Path(self._folder.name) / "ca.pem"
        addresses = [host] if host not in ("", "0.0.0.0", "::") else []
        ca = CertificateAuthority(hostname, *addresses, directory=tls_dir)
        ca.write(self.ca_file)
        self.leaf_spki = ca.leaf_spki()
        self._server = TlsServer(
            host, port, tls=ca.server_context(), journal=self.journal, faults=self.faults, clock=self.clock
        )
        self.port = int(self._server.server_address[1])
        self.authority_host = f"https://{hostname}:{self.port}"
        key, remember = signing_key(), lambda: None
        if memory_file:
            memory = Memory(memory_file, key=key, grants=self.grants, directory=self.directory)
            key, remember = memory.key, memory.save
        mint = Mint(self.authority_host, key)
        self.oauth = AuthorizationServer(
            authority_host=self.authority_host,
            directory=self.directory,
            grants=self.grants,
            policy=self.policy,
            mint=mint,
            now=self.clock.now,
        )
        self.oauth.secrets.update(self.grants.refresh_tokens)
        self._server.site = EntraSite(
            authority_host=self.authority_host,
            oauth=self.oauth,
            resources=Resources(
                authority_host=self.authority_host, directory=self.directory, mint=mint, now=self.clock.now
            ),
            signin_page=SigninPage(
                directory=self.directory,
                grants=self.grants,
                policy=self.policy,
                oauth=self.oauth,
                now=self.clock.now,
            ),
            control=Control(self),
            lock=self._lock,
            now=self.clock.now,
            remember=remember,
        )

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self._server.failures:
            raise self._server.failures[0]

    def close(self) -> None:
        """End every connection, release what hangs, remove the CA file it made."""
        self._server.stop()
        self.journal.close()
        self._folder.cleanup()

    @property
    def authority(self) -> str:
        """The tenant's authority, as MSAL takes it: https://localhost:PORT/TENANT."""
        return f"{self.authority_host}/{self.tenant_id}"

    @property
    def requests(self) -> list[Request]:
        """Every request so far but those to /_control, in order of arrival."""
        return self.journal.requests

    @property
    def secrets(self) -> set[str]:
        """Every device code, access, refresh and ID token ever given out: what must not leak."""
        with self._lock:
            return set(self.oauth.secrets)

    @property
    def open_codes(self) -> list[DeviceCode]:
        """The prompts that wait for an answer, oldest first."""
        with self._lock:
            return self.grants.open_codes(self.clock.now())

    def count(self, kind: str) -> int:
        """How many requests of `kind`; `token` counts every grant's, `*` all."""
        return self.journal.count(kind)

    def wait_for(self, kind: str, count: int = 1, timeout_seconds: float = WAIT_SECONDS) -> list[Request]:
        """Wait until `count` requests of `kind` have arrived since the start, and return them.

        :raises TimeoutError: fewer had arrived in time; it names what did
        """
        return self.journal.wait_for(kind, count, timeout_seconds)

    def approve(self, user_code: str | None = None, user: str | None = None) -> list[str]:
        """Sign `user` (by default `policy.user`) in at the prompt of `user_code`, or at all open ones.

        Returns the user codes.

        :raises LookupError: no such open prompt, or no such user
        :raises EntraError: 53003 or 50020, see `AuthorizationServer.check_signin`
        """
        with self._lock:
            who = self.directory.user(user or self.policy.user)
            codes = self._open(user_code)
            for code in codes:
                self.oauth.approve(code, who)
            return [code.user_code for code in codes]

    def decline(self, user_code: str | None = None) -> list[str]:
        """Cancel at the prompt of `user_code`, or at all open ones, and return the user codes.

        :raises LookupError: no such open prompt
        """
        with self._lock:
            codes = self._open(user_code)
            for code in codes:
                code.state = State.DECLINED
            return [code.user_code for code in codes]

    def expire_codes(self) -> None:
        """Let every open prompt expire now."""
        with self._lock:
            for code in self.grants.open_codes(self.clock.now()):
                code.expires_on = self.clock.now()

    def revoke(self, user: str | None = None, code: int = 50173) -> int:
        """Answer refreshes with the present tokens of `user`, or of all, by invalid_grant.

        `code` is the AADSTS number: 50173 revoked, 700082 inactive, 70043 sign-in frequency, 50057
        disabled, … A new sign-in works. Returns how many refresh tokens it hit.
        """
        return self._refuse(EntraError(code), user)

    def conditional_access(
        self,
        user: str | None = None,
        code: int = 50076,
        *,
        error: str | None = None,
        suberror: str | None = None,
    ) -> int:
        """The same by a policy: interaction_required with `suberror` and `claims`, or as given.

        With 530036, and `policy.block_device_code` for the page, the flow is blocked for good.
        """
        return self._refuse(EntraError(code, error=error, suberror=suberror), user)

    def withhold_consent(self, resource: str) -> None:
        """Answer every request for a token of `resource` by 65001, consent_required."""
        with self._lock:
            self.oauth.unconsented.add(resource)

    def give_consent(self, resource: str) -> None:
        """End `withhold_consent`."""
        with self._lock:
            self.oauth.unconsented.discard(resource)

    def _open(self, user_code: str | None) -> list[DeviceCode]:
        codes = self.grants.open_codes(self.clock.now(), user_code)
        if not codes:
            raise LookupError(f"no open prompt{f' for {user_code}' if user_code else ''}")
        return codes

    def _refuse(self, error: EntraError, user: str | None) -> int:
        with self._lock:
            return self.grants.refuse(error, user=self.directory.user(user) if user else None)
