"""The road between the product and the authority: names its requests, counts them, leads them astray."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.adapters.http import HttpClient
from tests.emulator.faults import Fault
from tests.emulator.script import Faults
from tests.torture.faults.doors import HOST, PROXY, STRANGER, Detour, Doors

GRANTS = {"urn:ietf:params:oauth:grant-type:device_code": "token:device_code"}


@dataclass(frozen=True)
class Asked:
    """One connection: the emulator's kind of its request, and when by the virtual clock."""

    kind: str
    at: float
    astray: bool


class Road:
    """In the place of `socket.getaddrinfo`: each request of the product asks once, and goes where it says."""

    def __init__(self, doors: Doors, now: Callable[[], float]) -> None:
        self.faults = Faults(now)
        self.asked: list[Asked] = []
        self.strayed: list[str] = []
        self.kind = "other"
        self.closing = threading.Event()
        self._doors = doors
        self._now = now
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        """Every name of the tests is this machine; any other is somebody else's business."""
        if host not in (HOST, PROXY, STRANGER):
            return self._real(host, port, *arguments, **named)
        if host == STRANGER:
            self.strayed.append(self.kind)
            return _here(int(self._doors.stranger.host.rpartition(":")[2]))
        taken: Any = self.faults.take(self.kind)
        self.asked.append(Asked(self.kind, self._now(), taken is not None))
        if taken is Detour.UNRESOLVED:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if taken is Detour.RESOLVER_HANGS:
            self.closing.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if taken is not None:
            return _here(self._doors.ports[taken])
        return _here(self._doors.tunnel if host == PROXY else port)


def _here(port: int) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", int(port)))]


def as_fault(detour: Detour) -> Fault:
    """What the script of faults keeps; the road hands it out again as it is."""
    kept: Any = detour
    return kept  # type: ignore[no-any-return]


class Named:
    """The product's HTTP client, whose requests the road knows by kind."""

    def __init__(self, http: HttpClient, road: Road) -> None:
        self._http = http
        self._road = road
        self.forget = http.forget
        self.close = http.close

    def get(self, url: str, **kwargs: Any) -> Any:
        """MSAL gets nothing but the discovery document."""
        self._road.kind = "discovery"
        return self._http.get(url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        """By the form, as the emulator does it."""
        form: Mapping[str, Any] = kwargs.get("data") or {}
        grant = form.get("grant_type")
        self._road.kind = "devicecode" if grant is None else GRANTS.get(str(grant), f"token:{grant}")
        return self._http.post(url, **kwargs)
