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
    """Made anew with every object, unless `directory` keeps it: nothing trusts it that was not told to.

    `directory` holds `ca.pem`, the certificate for clients, and `server.pem`, the server's key and chain.
    Both are made there if there is no `server.pem`; a mounted Secret brings its own.
    """

    def __init__(self, *names: str, directory: Path | None = None) -> None:
        """`names` are host names or addresses that the server answers to besides loopback."""
        kept = directory / "server.pem" if directory else None
        if directory and kept and kept.exists():
            self._ca_pem = (directory / "ca.pem").read_bytes()
            self._server_pem = kept.read_bytes()
            return
        ca = trustme.CA(organization_name="Entra stand-in for tests")
        leaf = ca.issue_cert(*dict.fromkeys((*LOOPBACK_NAMES, *names)))
        self._ca_pem = ca.cert_pem.bytes()
        self._server_pem = leaf.private_key_and_cert_chain_pem.bytes()
        if directory and kept:
            directory.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_bytes(self._server_pem)
            self.write(directory / "ca.pem")

    def write(self, path: Path) -> None:
        """Write the CA certificate as PEM: what clients are told to trust."""
        path.write_bytes(self._ca_pem)

    def server_context(self) -> ssl.SSLContext:
        """TLS for the server side; HTTP/1.1 is the only protocol offered."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with trustme.Blob(self._server_pem).tempfile() as path:
            context.load_cert_chain(path)
        return context

    def leaf_spki(self) -> str:
        """Base64 of the SHA-256 of the server's public key (RFC 7469 section 2.4).

        Chromium takes it in `--ignore-certificate-errors-spki-list`.
        """
        leaf = x509.load_pem_x509_certificates(self._server_pem)[0]
        spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(spki).digest()).decode()
