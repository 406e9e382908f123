"""What a declaration of a setting says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Setting:
    """`name` is the environment variable; `parse` raises ValueError with what would be right."""

    name: str
    parse: Callable[[str], object]
    help: str
    default: str | None = None

    @property
    def attribute(self) -> str:
        """Its name in `Settings`: AZURE_CLIENT_ID is `client_id`."""
        return re.sub("^(AZURE|SIDECAR)_", "", self.name).lower()

    @property
    def flag(self) -> str:
        """Its name on the command line: `--client-id`."""
        return "--" + self.attribute.replace("_", "-")


@dataclass(frozen=True)
class FromFile:
    """What a settings file says: `texts` by setting; `keys` say where each stands, for mistakes that show
    later. `broken`: nothing of it could be read.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    broken: bool = False
