"""What the files of one generation hold, by path below the token directory."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping

from sidecar.core.token import UNNAMED

Document = Mapping[str, str | int | None]
"""The content of a `token.json`."""

FILES = ("token.json", "expires_on", "token")
"""Those of every token. The order is that of the links: who waits for `token` finds all the others."""

FORMATS = ("header", "env")
"""Those that SIDECAR_FORMATS adds."""

_VARIABLES = {
    "ACCESS_TOKEN": "access_token",
    "ACCESS_TOKEN_EXPIRES_ON": "expires_on",
    "ACCESS_TOKEN_RESOURCE": "resource",
    "ACCESS_TOKEN_USERNAME": "username",
}


def files_of(documents: Mapping[str, Document], formats: Collection[str] = ()) -> dict[str, str]:
    """The files of each token, and those of `formats` beside them: `token`, `graph/token` …"""
    contents = {}
    for name, document in documents.items():
        folder = f"{name}/" if name != UNNAMED else ""
        contents[f"{folder}token.json"] = json.dumps(document) + "\n"
        contents[f"{folder}expires_on"] = f"{document['expires_on']}\n"
        contents[f"{folder}token"] = str(document["access_token"])
        if "header" in formats:
            contents[f"{folder}header"] = f"Authorization: Bearer {document['access_token']}\n"
        if "env" in formats:
            contents[f"{folder}env"] = _env(name, document)
    return contents


def _env(name: str, document: Document) -> str:
    """Lines for sh, systemd and docker alike. Docker knows no quotes, so there are none where the shell can
    do without, and each value is one line: a second one would be a variable of its own there. What is not
    known is empty.
    """
    front = variable_prefix(name)
    values = {variable: document.get(key) for variable, key in _VARIABLES.items()}
    return "".join(
        f"{front}{variable}={'' if value is None else _quoted(_one_line(str(value)))}\n"
        for variable, value in values.items()
    )


def _quoted(text: str) -> str:
    """Where sh needs it. `~`, which a token may hold (RFC 6750 section 2.1), is a home only in front."""
    return text if re.fullmatch(r"[\w@%+=:,./-][\w@%+=:,./~-]*", text, re.ASCII) else shlex.quote(text)


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def variable_prefix(name: str) -> str:
    """`graph` is GRAPH_, `my-api.v2` is MY_API_V2_; a digit in front, which no shell takes, gets a `_`."""
    if name == UNNAMED:
        return ""
    front = re.sub("[^A-Z0-9]", "_", name.upper()) + "_"
    return f"_{front}" if front[0].isdecimal() else front
