"""Whom TLS trusts."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from sidecar.errors import ConfigurationError


def trusting(
    ca_file: Path | None, *, make: Callable[[], ssl.SSLContext] = ssl.create_default_context
) -> ssl.SSLContext:
    """The system's trust store, and `ca_file` on top: a proxy's CA does not end trust in others.

    Chain, dates and host name are checked. What Python 3.13 asks for beyond that by default
    (VERIFY_X509_STRICT, docs.python.org/3.13/library/ssl.html) is not: it refuses certificates of an
    authority that lacks `keyUsage`, and certificates without an authority key identifier. Many of the
    authorities that companies make for proxies that inspect TLS lack them; curl, browsers and Python
    3.12 accept them, and a certificate without these fields is no easier to forge. `make` gives the
    context to begin with.

    :raises ConfigurationError: `ca_file` cannot be read or holds no certificate
    """
    context = make()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"SIDECAR_CA_FILE: {ca_file} cannot be read as PEM certificates: {error}",
                advice="Give a readable file of PEM certificates.",
            ) from error
    return context
