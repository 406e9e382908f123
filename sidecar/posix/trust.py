"""Whom TLS trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from sidecar.errors import ConfigurationError


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The system's trust store, and `ca_file` on top: a proxy's CA does not end trust in others.

    :raises ConfigurationError: `ca_file` cannot be read or holds no certificate
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"SIDECAR_CA_FILE: {ca_file} cannot be read as PEM certificates: {error}",
                advice="Give a readable file of PEM certificates.",
            ) from error
    return context
