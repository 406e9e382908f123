"""The status page: the open prompt, each token's life, what comes next and what happened."""

from sidecar.serve.page.door import routes

__all__ = ["routes"]
