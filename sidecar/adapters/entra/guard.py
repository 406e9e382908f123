"""What stands between MSAL and the answers of an authority, which it takes at their word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from sidecar.adapters.entra.baton import Baton
from sidecar.core.oauth_answer import for_msal
from sidecar.errors import AuthorityUnreachable, SidecarError, TokenUnusable

OAUTH_KEYS = {"error", "access_token", "refresh_token", "user_code", "device_code"}
"""An answer without any of them comes from somebody else (RFC 6749 section 5, RFC 8628 section 3.2)."""

RESERVED_SCOPES = frozenset({"openid", "profile", "offline_access"})


class Transport(Protocol):
    """The HTTP client that MSAL is given; see `sidecar.adapters.http`."""

    def get(self, url: str, **kwargs: Any) -> Any:
        """An answer with `status_code`, `text` and `headers`."""
        ...

    def post(self, url: str, **kwargs: Any) -> Any:
        """The same."""
        ...

    def forget(self) -> None:
        """The discovery document was of no use; it is asked for again."""
        ...

    def close(self) -> None:
        """MSAL never calls it by itself."""
        ...


def requestable(scopes: Sequence[str]) -> list[str]:
    """MSAL adds the reserved scopes itself and raises when it is given one."""
    return [scope for scope in scopes if scope not in RESERVED_SCOPES]


def refused(answer: Mapping[str, Any]) -> SidecarError:
    """What the error answer of a request stands for; what is granted does not load all advice."""
    from sidecar.core.refusal import refusal

    return refusal(answer)


@contextmanager
def odd_answers() -> Iterator[None]:
    """MSAL takes an answer at its word: what is odd there is a ValueError here, an IndexError elsewhere.

    What the cache raises while it is written, and what the transport raises, passes.
    """
    try:
        yield
    except (SidecarError, OSError):
        raise
    except Exception as error:
        raise TokenUnusable(
            f"the authority's answer makes no sense to MSAL ({type(error).__name__})",
            advice="It is tried again. If it lasts, something stands between here and the authority.",
        ) from error


class Guard:
    """Between MSAL and the transport: what MSAL reads makes sense, and an error of discovery is told.

    While a request is under way, whoever waits for the baton has it.
    """

    def __init__(self, transport: Transport, baton: Baton) -> None:
        self._transport = transport
        self._baton = baton
        self.close = transport.close

    def post(self, url: str, **kwargs: Any) -> Any:
        """What MSAL would stumble over is left out; what is not a success is none, whatever it holds."""
        with self._baton.let_go():
            response = self._transport.post(url, **kwargs)
        answer = json.loads(response.text)
        if not answer.keys() & OAUTH_KEYS:
            # MSAL would take it for a lost refresh token, or for a token.
            raise AuthorityUnreachable(
                f"{url.split('/')[2]} answered {response.status_code} with JSON that is no OAuth answer",
                advice="A proxy may be answering in the authority's place: check HTTPS_PROXY/NO_PROXY. "
                "It is tried again.",
                cause=f"http {response.status_code}",
            )
        if not 200 <= response.status_code < 300:
            # MSAL looks at `error` alone: a proxy's refusal, or a grant behind a 403, would be one to it.
            answer.setdefault("error", f"http {response.status_code}")
        return replace(response, text=json.dumps(for_msal(answer)))

    def get(self, url: str, **kwargs: Any) -> Any:
        """MSAL would hide in a ValueError what is wrong with the tenant or the provider's URL."""
        response = self._transport.get(url, **kwargs)
        if response.status_code != 200:
            from sidecar.core.refusal import discovery_refusal

            raise discovery_refusal(json.loads(response.text), url=url, status=response.status_code)
        return response
