"""HTTP on waitress: the only importer of it."""

from sidecar.adapters.web_server.server import WebServer

__all__ = ["WebServer"]
