"""How requests are sent, whomever they are for."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from sidecar.posix.trust import trusting


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


def opener_trusting(ca_file: Path | None) -> urllib.request.OpenerDirector:
    """Proxies and NO_PROXY as the environment says, trust as `trusting` says; redirects are not followed.

    :raises ConfigurationError: `ca_file` cannot be read or holds no certificate
    """
    return urllib.request.build_opener(_NoRedirect(), urllib.request.HTTPSHandler(context=trusting(ca_file)))
