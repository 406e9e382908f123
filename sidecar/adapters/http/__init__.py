"""The HTTP client that MSAL is given (its contract: msal/oauth2cli/http.py)."""

from sidecar.adapters.http.client import BODY_MAX_BYTES, HttpClient

__all__ = ["BODY_MAX_BYTES", "HttpClient"]
