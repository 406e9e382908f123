"""What an app finds in the token directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILES = ("token", "token.json", "expires_on")


@dataclass(frozen=True)
class Generation:
    """The bare tokens by name, of one generation whose files all agree."""

    tokens: Mapping[str, str]

    @property
    def names(self) -> set[str]:
        """Empty for the unnamed token."""
        return set(self.tokens)


def look(directory: Path) -> Generation | None:
    """What a reader sees that resolves `..data` once; None while nothing is published.

    :raises AssertionError: the files do not agree, or one is missing
    """
    data = directory / "..data"
    if not data.is_symlink():
        return None
    generation = directory / data.readlink()
    folders = [generation, *(entry for entry in generation.iterdir() if entry.is_dir())]
    tokens = {}
    for folder in folders:
        assert {entry.name for entry in folder.iterdir() if entry.is_file()} == set(FILES), folder
        token = (folder / "token").read_text()
        document = json.loads((folder / "token.json").read_text())
        assert document["access_token"] == token, f"{folder}: token.json has another token"
        assert (folder / "expires_on").read_text() == f"{document['expires_on']}\n", folder
        tokens["" if folder == generation else folder.name] = token
    return Generation(tokens)


def through_links(directory: Path) -> dict[str, str]:
    """The bare tokens by the names that apps open; those that cannot be opened are left out."""
    names = [entry.name for entry in directory.iterdir() if not entry.name.startswith("..")]
    folders = {"": directory, **{name: directory / name for name in names if (directory / name).is_dir()}}
    found = {}
    for name, folder in folders.items():
        if (folder / "token").exists():
            found[name] = (folder / "token").read_text()
    return found
