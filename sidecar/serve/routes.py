"""Which door is at which path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sidecar.core.web import Door, Reply, Request, text
from sidecar.serve.gate import Entrance

Trouble = Callable[[str, Exception], None]
"""Told of what a door raised, and at which path; "" before there was one."""


class Guard(Protocol):
    """Who decides who may come in."""

    def objection(self, request: Request, entrance: Entrance) -> Reply | None:
        """The refusal, None if the request may come in."""
        ...


LOOKING, GET_ALONE = frozenset({"GET", "HEAD"}), frozenset({"GET"})
"""Methods of a door; the second for one that may have work done: with HEAD it would be done for nothing."""


@dataclass(frozen=True)
class Route:
    """A door, what it asks for, and the methods that it knows; the server leaves HEAD's body out. `refusal`
    words what is said in the door's place for who comes to it.
    """

    door: Door
    entrance: Entrance = Entrance.OPEN
    methods: frozenset[str] = LOOKING
    refusal: Callable[[Reply], Reply] = lambda refused: refused


def router(routes: Mapping[str, Route], gate: Guard, trouble: Trouble = lambda _path, _error: None) -> Door:
    """One door for all: first the gate, then the path, then the method. What a door raises is a 500 without
    a word of it.
    """

    def answer(request: Request) -> Reply:
        route = routes.get(request.path)
        try:
            return _asked(request, route, gate)
        except Exception as error:
            trouble(request.path if route else "", error)
            return text(500, "something broke here; the log says what")

    return answer


def _asked(request: Request, route: Route | None, gate: Guard) -> Reply:
    if refused := gate.objection(request, route.entrance if route else Entrance.OPEN):
        return route.refusal(refused) if route else refused
    if route is None:
        return text(404, "there is nothing here")
    if request.method not in route.methods:
        refusal = route.refusal(text(405, "not with this method"))
        allow = {"Allow": ", ".join(sorted(route.methods))}
        return Reply(405, refusal.body, refusal.content_type, {**refusal.headers, **allow})
    return route.door(request)
