"""The token directory: generations swapped by one rename, as the kubelet publishes Secrets."""

from sidecar.adapters.token_dir.directory import TokenDirectory
from sidecar.adapters.token_dir.generation import Access
from sidecar.core.formats import Document

__all__ = ["Access", "Document", "TokenDirectory"]
