"""The files that are published beside those of every token: formats that were asked for, and templates."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.adapters.log import Log
from sidecar.adapters.template_dir import SETTING, read_templates
from sidecar.adapters.token_dir import TokenDirectory
from sidecar.core.formats import FILES, FORMATS, Document, files_of
from sidecar.errors import ConfigurationError
from sidecar.posix.files import read_plain, replace_text

MAX_TOLD = 10
ALL = ""
"""In the place of a template's name: none of them can be read."""


@dataclass(frozen=True)
class Templates:
    """`sound` texts by name, and why the others, if any, are `refused`."""

    sound: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def templates_in(
    path: Path | None, names: Collection[str], *, first: bool, keys: Collection[str] = ()
) -> Templates:
    """The templates that there are now; tokens of `names` are wanted, and `keys` are those that their files
    have in Secrets. What is wrong at a start ends it; later it must not take the tokens away, and is told
    beside them.

    :raises ConfigurationError: with every mistake at once, if this is the `first` look
    """
    if path is None:
        return Templates()
    from sidecar.core import template

    try:
        texts = read_templates(path)
    except ConfigurationError as error:
        if first:
            raise
        return Templates(refused={ALL: error.message})
    taken = {*FILES, *FORMATS, *names, *keys}
    wrong = {
        name: [f"{name!a} is the name of a file of ours"] if name in taken else template.mistakes(text, names)
        for name, text in texts.items()
    }
    told = {
        name: "; ".join(f"{path / name}: {each}" for each in found) for name, found in wrong.items() if found
    }
    if told and first:
        more = f"; and {len(told) - MAX_TOLD} more files" if len(told) > MAX_TOLD else ""
        words = list(told.values())[:MAX_TOLD]
        raise _refusal("; ".join(f"{SETTING}: {each}" for each in words) + more)
    return Templates({name: text for name, text in texts.items() if name not in told}, told)


class FurtherFiles:
    """Made for one turn. `kept` remembers what was told, so that it is told once."""

    def __init__(
        self,
        formats: Collection[str],
        templates: Templates,
        *,
        token_dir: TokenDirectory,
        kept: Path,
        log: Log,
    ) -> None:
        self._formats = formats
        self._templates = templates
        self._token_dir = token_dir
        self._kept = kept
        self._log = log
        self._waiting: dict[str, str] = {}

    def __call__(self, documents: Mapping[str, Document]) -> dict[str, str]:
        """By path. A template waits until the tokens that it names are there; of one that was broken while we
        ran the file stays as it is.
        """
        contents = files_of(documents, self._formats)
        self._waiting = {}
        for name, text in self._templates.sound.items():
            from sidecar.core import template

            filled = template.render(text, documents)
            if filled is None:
                self._waiting[name] = ", ".join(each or "token" for each in template.lacking(text, documents))
            else:
                contents[name] = filled
        refused = self._templates.refused
        if refused:
            standing = self._token_dir.further()
            contents |= {name: text for name, text in standing.items() if name in refused or ALL in refused}
        return contents

    def tell(self) -> None:
        """At the end of a turn: what is not published as it should be, unless that was told before."""
        refused = self._templates.refused
        told = self._told()
        for name, tokens in self._waiting.items():
            if told.get(name) != tokens:
                self._log.event("template.waiting", template=name, tokens=tokens)
        for name, words in refused.items():
            if told.get(name) != words:
                self._log.failure("template.refused", _refusal(f"{SETTING}: {words}"), level="error")
        now = {**self._waiting, **refused}
        if now != told:
            with suppress(OSError):
                replace_text(self._kept, json.dumps(now))

    def _told(self) -> dict[str, str]:
        try:
            told = json.loads(read_plain(self._kept))
        except (OSError, ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


def _refusal(message: str) -> ConfigurationError:
    return ConfigurationError(message, advice="docs/formats.md says what a template can be.")
