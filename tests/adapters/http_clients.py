"""Clients of the test server, and what they need: certificates and a place for documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import trustme

from sidecar.adapters.http import HttpClient

PATIENCE_SECONDS = 0.5
ISSUER = trustme.CA(organization_name="Issuer for tests")
CERTIFICATE = ISSUER.issue_cert("127.0.0.1", "localhost")


@dataclass
class Shelf:
    """Documents in memory; what is in `recent` counts as fresh."""

    texts: dict[str, str] = field(default_factory=dict)
    recent: set[str] = field(default_factory=set)

    def fresh(self, url: str) -> str | None:
        """Only if recent."""
        return self.texts.get(url) if url in self.recent else None

    def stale(self, url: str) -> str | None:
        """Whatever is there."""
        return self.texts.get(url)

    def keep(self, url: str, text: str) -> None:
        """Put it there."""
        self.texts[url] = text

    def forget(self) -> None:
        """Nothing is there any more."""
        self.texts.clear()

    def outdate(self) -> None:
        """Here the same."""
        self.forget()


def issuer_file(folder: Path) -> Path:
    """The PEM file that makes clients trust the server."""
    path = folder / "ca.pem"
    ISSUER.cert_pem.write_to_path(str(path))
    return path


def client_in(
    folder: Path, *, documents: Shelf | None = None, timeout_seconds: float = PATIENCE_SECONDS
) -> HttpClient:
    """One that trusts the server."""
    shelf = Shelf() if documents is None else documents
    return HttpClient(documents=shelf, ca_file=issuer_file(folder), timeout_seconds=timeout_seconds)
