"""`requests` down to the socket, in whose place the provider stands: for users of MSAL and azure-identity."""

from __future__ import annotations

import io
import urllib.parse
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tests.torture.soak.provider import Provider

NO_TIMEOUT = float("inf")


class Wire(HTTPAdapter):
    """What both mount by themselves, an `HTTPAdapter`, without its connections.

    Its time-out counts if there is one: MSAL's default is none, azure-core's is 300 s. That MSAL has it
    connect twice changes nothing here: a second connection within the same second meets the same fault.
    """

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        """One request and its answer.

        :raises requests.ConnectionError, requests.ReadTimeout: as `requests` would
        """
        parts = urllib.parse.urlsplit(str(request.url))
        body = request.body or ""
        form = dict(urllib.parse.parse_qsl(body if isinstance(body, str) else bytes(body).decode()))
        timeout = options.get("timeout")
        read_seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        try:
            told = self._provider.exchange(
                str(request.method), parts.path, form, patience=read_seconds or NO_TIMEOUT
            )
        except TimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except OSError as error:
            raise requests.ConnectionError(error, request=request) from error
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(told.body),
            headers={"Content-Type": told.content_type, **told.headers},
            status=told.status,
            preload_content=False,
        )
        return self.build_response(request, raw)


def session(provider: Provider) -> requests.Session:
    """A session that reaches nothing but the provider."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", Wire(provider))
    made.mount("http://", Wire(provider))
    return made
