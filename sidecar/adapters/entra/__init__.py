"""The authority, through MSAL: the only importer of `msal`."""

from sidecar.adapters.entra.client import Entra
from sidecar.adapters.entra.preflight import Preflight

__all__ = ["Entra", "Preflight"]
