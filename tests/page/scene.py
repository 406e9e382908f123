"""One moment in the life of the two directories, in memory or as files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.adapters.state_dir import PRIVATE, StateDirectory
from sidecar.adapters.token_dir import Access, Document, TokenDirectory
from sidecar.core import prompt as prompts
from sidecar.core.history import History
from sidecar.core.journal import Journal
from sidecar.core.prompt import Prompt
from sidecar.core.schedule import Anchor
from sidecar.status import Found

BOOT = 100_000
"""What the boot clock reads in memory."""


@dataclass(frozen=True)
class Scene:
    """`beat_seconds_ago` None: no loop has run."""

    documents: Mapping[str, Document] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    prompt: Prompt | None = None
    history: History = field(default_factory=History)
    ready_until: int | None = None
    beat_seconds_ago: int | None = 12

    def found(self, now: float) -> Found:
        """As `serve` would find it."""
        return Found(
            published=self.documents,
            journal=self.journal,
            prompt=prompts.record(self.prompt) if self.prompt else None,
            now=now,
            ready_until=self.ready_until,
            history=self.history,
            heartbeat=None if self.beat_seconds_ago is None else BOOT - self.beat_seconds_ago,
        )

    def write(self, tokens: Path, state: Path) -> None:
        """As the other roles leave it, and nothing of another scene."""
        private = state / PRIVATE
        private.mkdir(mode=0o700, exist_ok=True)
        directory = StateDirectory(private)
        boot = time.clock_gettime(time.CLOCK_BOOTTIME)
        published = TokenDirectory(tokens, Access())
        published.withdraw()
        if self.documents:
            published.publish(self.documents, at=Anchor(time.time(), boot, "boot"))
        directory.keep_journal(self.journal)
        directory.keep_history(self.history)
        for name in ("live_until", "ready_until", "heartbeat"):
            (private / name).unlink(missing_ok=True)
        if self.ready_until is not None:
            directory.tell_probes(self.ready_until, self.ready_until)
        if self.beat_seconds_ago is not None:
            directory.heartbeat_file.write_text(f"{int(boot) - self.beat_seconds_ago}\n")
        directory.close_prompt()
        if self.prompt:
            directory.open_prompt(prompts.record(self.prompt), prompts.probe_line(self.prompt))
