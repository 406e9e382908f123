"""An app as its author wrote it for Azure: it knows azure-identity, and nothing of the sidecar.

One JSON request a line on stdin, one JSON answer a line on stdout. Credentials live as long as the app does,
with whatever they cache.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from typing import Any

from azure.core.pipeline.transport import AsyncioRequestsTransport
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as AsyncManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

LOOP = asyncio.new_event_loop()


@functools.cache
def credential(kind: str) -> Any:
    """The one of this kind; clients are told to keep theirs."""
    if kind == "default":
        return DefaultAzureCredential()
    if kind == "managed":
        return ManagedIdentityCredential()

    async def made() -> AsyncManagedIdentityCredential:
        # What it takes for async is a transport; aiohttp is only the usual one.
        return AsyncManagedIdentityCredential(transport=AsyncioRequestsTransport())

    return LOOP.run_until_complete(made())


def answer(request: dict[str, str]) -> dict[str, Any]:
    """A token, or a secret out of a vault."""
    own = credential(request["credential"])
    if "vault" in request:
        client = SecretClient(
            request["vault"], own, verify_challenge_resource=False, connection_verify=request["ca"]
        )
        return {"value": client.get_secret("greeting").value}
    asked = own.get_token(request["scope"])
    token = LOOP.run_until_complete(asked) if asyncio.iscoroutine(asked) else asked
    return {"token": token.token, "expires_on": token.expires_on}


def main() -> None:
    """Until stdin ends."""
    for line in sys.stdin:
        try:
            told = answer(json.loads(line))
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
