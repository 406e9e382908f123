"""The JSON schemas of docs/schemas: what programs may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs/schemas"


def parsed(text: str) -> Any:
    """As a strict program reads JSON: NaN and infinities are none (RFC 8259 section 6).

    :raises ValueError: it is no JSON
    """

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def objections(name: str, document: object) -> list[str]:
    """What the schema `name` has against `document`."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)
    ]
