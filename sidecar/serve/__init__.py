"""The role `serve`: what the files say, over HTTP. It holds no refresh token and is never needed for one."""

from sidecar.serve.role import serve

__all__ = ["serve"]
