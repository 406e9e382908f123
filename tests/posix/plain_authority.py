"""A certificate authority as companies make them for TLS-inspecting proxies: without key usage, without
key identifiers.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class PlainAuthority:
    """`certificate` is self-signed: a name, a key, and that it is an authority."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str) -> PlainAuthority:
        """One for a test."""
        key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.BasicConstraints(ca=True, path_length=None)
        certificate = _unsigned(name, key, issuer=name).add_extension(authority, critical=True)
        return cls(key, certificate.sign(key, hashes.SHA256()))

    def write_certificate(self, path: Path) -> Path:
        """As PEM, for SIDECAR_CA_FILE."""
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def write_server(self, path: Path, host: str, *, days: int = 1) -> Path:
        """Key and certificate of a server, as PEM; `days` from now it expires."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = _unsigned(host, key, issuer=issuer, days=days).add_extension(names, critical=False)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        return path


def _unsigned(
    name: str, key: ec.EllipticCurvePrivateKey, *, issuer: str, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 10 * DAY)
        .not_valid_after(now + days * DAY)
    )
