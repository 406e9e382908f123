"""/_control: the emulator scripted over HTTP, for demo, compose and chart tests.

The routes are described in the package's docstring. Answers are JSON; a mistake in a request is 400
with `{"error": "..."}`, and a prompt or user that is not there 404.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tests.emulator.errors import EntraError
from tests.emulator.fault_spec import fault_from
from tests.emulator.kinds import KINDS
from tests.emulator.messages import Call, Response

if TYPE_CHECKING:
    from tests.emulator.emulator import Emulator


class Control:
    """Every route is a method of `Emulator` by another name."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def respond(self, call: Call) -> Response:
        """Do what the route says."""
        name = "/".join(call.segments[1:])
        try:
            content = json.loads(call.body) if call.body else {}
            if not isinstance(content, dict):
                raise ValueError("a JSON object is expected")
            answer = self._answer(call, name, content)
        except LookupError as error:
            return Response.of_json({"error": str(error)}, 404)
        except (ValueError, TypeError, EntraError) as error:
            return Response.of_json({"error": str(error)}, 400)
        if answer is None:
            return Response.of_json({"error": f"no route {call.method} /_control/{name[:80]}"}, 404)
        return Response.of_json(answer)

    def _answer(self, call: Call, name: str, content: dict[str, Any]) -> dict[str, Any] | None:
        emulator = self._emulator
        match call.method, name:
            case "GET", "health":
                return {"status": "ok"}
            case "GET", "info":
                return self._info()
            case "GET", "requests":
                return {"requests": emulator.journal.as_json(call.parameters.get("kind"))}
            case "DELETE", "requests":
                emulator.journal.clear()
                return {"requests": []}
            case "GET", "codes":
                return {"user_codes": [code.user_code for code in emulator.open_codes]}
            case "GET", "secrets":
                return {"secrets": sorted(emulator.secrets)}
            case "POST", "approve":
                return {"approved": emulator.approve(content.get("user_code"), content.get("user"))}
            case "POST", "decline":
                return {"declined": emulator.decline(content.get("user_code"))}
            case "POST", "expire":
                emulator.expire_codes()
                return {"user_codes": []}
            case "POST", "revoke":
                return {"revoked": emulator.revoke(content.get("user"), _code(content, 50173))}
            case "POST", "conditional_access":
                return {
                    "refused": emulator.conditional_access(
                        content.get("user"),
                        _code(content, 50076),
                        error=content.get("error"),
                        suberror=content.get("suberror"),
                    )
                }
            case "POST", "faults":
                return self._add_fault(content)
            case "DELETE", "faults":
                emulator.faults.clear(call.parameters.get("kind"))
                return {"pending": emulator.faults.pending()}
            case "POST", "clock":
                return self._set_clock(content)
            case "POST", "policy":
                return self._set_policy(content)
        return None

    def _info(self) -> dict[str, Any]:
        return {
            "authority_host": self._emulator.authority_host,
            "tenant_id": self._emulator.tenant_id,
            "client_id": self._emulator.client_id,
            "users": [user.username for user in self._emulator.directory.users],
            "now": self._emulator.clock.now(),
            "policy": dataclasses.asdict(self._emulator.policy),
        }

    def _add_fault(self, content: dict[str, Any]) -> dict[str, Any]:
        kind, fault = content.get("kind"), content.get("fault")
        if not isinstance(kind, str) or not isinstance(fault, dict):
            raise ValueError('expected {"kind": "token", "fault": {"name": …}}')
        faults = self._emulator.faults
        if content.get("always"):
            seconds = content.get("seconds")
            until = None if seconds is None else self._emulator.clock.now() + float(seconds)
            faults.always(kind, fault_from(fault), until)
        else:
            faults.next(kind, fault_from(fault), int(content.get("times", 1)))
        return {"pending": faults.pending()}

    def _set_clock(self, content: dict[str, Any]) -> dict[str, Any]:
        clock = self._emulator.clock
        if "offset" in content:
            clock.offset = float(content["offset"])
        clock.advance(float(content.get("advance", 0)))
        return {"offset": clock.offset, "now": clock.now()}

    def _set_policy(self, content: dict[str, Any]) -> dict[str, Any]:
        policy = self._emulator.policy
        wanted = dataclasses.replace(policy, **content)
        self._emulator.directory.user(wanted.user)
        for name in content:
            setattr(policy, name, getattr(wanted, name))
        return dataclasses.asdict(policy)


def _code(content: dict[str, Any], default: int) -> int:
    code = content.get("code", default)
    if code not in KINDS:
        raise ValueError(f"no error {code!r}; there are {', '.join(map(str, KINDS))}")
    return int(code)
