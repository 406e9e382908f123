"""A certificate authority of its own and one server certificate under it."""

from __future__ import annotations

import base64
import hashlib
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class CertificateAuthority:
    """Made anew with every object: nothing ever trusts it that was not told to."""

    def __init__(self, *names: str) -> None:
        """`names` are host names or addresses that the server answers to besides loopback."""
        self._ca = trustme.CA(organization_name="Entra stand-in for tests")
        self._leaf = self._ca.issue_cert(*dict.fromkeys((*LOOPBACK_NAMES, *names)))

    def write(self, path: Path) -> None:
        """Write the CA certificate as PEM: what clients are told to trust."""
        self._ca.cert_pem.write_to_path(path)

    def server_context(self) -> ssl.SSLContext:
        """TLS for the server side; HTTP/1.1 is the only protocol offered."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        self._leaf.configure_cert(context)
        return context

    def leaf_spki(self) -> str:
        """Base64 of the SHA-256 of the server's public key (RFC 7469 section 2.4).

        Chromium takes it in `--ignore-certificate-errors-spki-list`.
        """
        leaf = x509.load_pem_x509_certificate(self._leaf.cert_chain_pems[0].bytes())
        spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(spki).digest()).decode()
