"""The authority, through MSAL: the only importer of `msal`."""

from sidecar.adapters.entra.client import Entra

__all__ = ["Entra"]
