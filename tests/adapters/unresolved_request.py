"""A process that asks for a name nobody resolves; run in a network of its own, without any way out."""

from __future__ import annotations

from sidecar.adapters.http import HttpClient
from sidecar.errors import AuthorityUnreachable
from tests.adapters.http_clients import Shelf

if __name__ == "__main__":
    try:
        HttpClient(documents=Shelf(), timeout_seconds=30).get("https://name.invalid/path?query")
    except AuthorityUnreachable as error:
        print(error.fields["cause"], error.message)
