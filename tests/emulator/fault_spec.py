"""Faults read from JSON, for /_control/faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.emulator import faults
from tests.emulator.kinds import KINDS

_MAKERS: dict[str, Callable[..., faults.Fault]] = {
    "status": faults.Status,
    "refuse": faults.Refuse,
    "reset": faults.Reset,
    "hang": faults.Hang,
    "drip": faults.Drip,
    "truncated": faults.Truncated,
    "html": faults.Html,
    "wrong_shape": faults.WrongShape,
    "lost_answer": faults.LostAnswer,
    "answer": faults.Answer,
}
_NOT_IN_JSON = {"mutate", "raw"}


def fault_from(spec: Mapping[str, Any]) -> faults.Fault:
    """`{"name": "status", "status": 503, "retry_after": 2}`: the rest are the class's own fields.

    :raises ValueError: no such fault, or a field that it does not have
    """
    fields = {name: value for name, value in spec.items() if name != "name"}
    name = spec.get("name")
    maker = _MAKERS.get(name) if isinstance(name, str) else None
    if maker is None:
        raise ValueError(f"no fault {name!r}; there are {', '.join(_MAKERS)}")
    if name == "refuse" and fields.get("code") not in KINDS:
        raise ValueError(f"no error {fields.get('code')!r}; there are {', '.join(map(str, KINDS))}")
    if "drop" in fields:
        fields["drop"] = tuple(fields["drop"])
    if unknown := _NOT_IN_JSON & fields.keys():
        raise ValueError(f"not to be given in JSON: {', '.join(unknown)}")
    try:
        return maker(**fields)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
