"""An app with azure-identity's `DeviceCodeCredential`, which asks for a token whenever it needs one.

That is how the credential is meant to be used: "This method is called automatically by Azure SDK
clients", says `get_token`, and MSAL's cache behind it answers while the token lives for five minutes yet.
Retries, pauses and time-outs are azure-core's defaults, its transport is its own `RequestsTransport`; the
cache is in memory, the default. The app never crashes: it catches what `get_token` raises and asks again
for its next request.
"""

from __future__ import annotations

from azure.core.pipeline.transport import RequestsTransport
from azure.identity import DeviceCodeCredential

from tests.torture.soak import wire
from tests.torture.soak.provider import CLIENT, HOST, SCOPE, TENANT, Provider
from tests.torture.soak.virtual_time import WatchedClock


class App:
    """`token` is what `get_token` gave for this look, None while it has not or has raised. `last` is the
    last token that it ever gave: an app that keeps it would read that instead.
    """

    def __init__(self, clock: WatchedClock, provider: Provider) -> None:
        self.token: str | None = None
        self.last: str | None = None
        self.refused: dict[str, int] = {}
        self._clock = clock
        self._credential = DeviceCodeCredential(
            CLIENT,
            tenant_id=TENANT,
            authority=HOST,
            disable_instance_discovery=True,
            transport=RequestsTransport(session=wire.session(provider), session_owner=False),
            prompt_callback=lambda _uri, _code, _expires_on: None,
        )

    def live(self) -> None:
        """Ask at once after each look, so that an answer has until the next one; never returns."""
        while True:
            self.token = None
            try:
                self.token = self.last = self._credential.get_token(SCOPE).token
            except Exception as error:
                words = type(error).__name__
                self.refused[words] = self.refused.get(words, 0) + 1
            self._clock.until_after_next_look()
