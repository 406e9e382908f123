"""What a check of `doctor` found: one outcome, what was seen, and what to do; for people and programs."""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sidecar.core.printable import printable

VERSION = 1
"""Of the document; keys, checks and fields may be added without a new one."""

COLUMNS = 80


class Outcome(enum.Enum):
    """Only FAIL is a reason not to start."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    """It could not be looked at, or there is nothing to look at."""


@dataclass(frozen=True)
class Check:
    """`name` never changes its meaning. `fix` is empty where there is nothing to do; `commands` belong to it,
    and are for a shell.
    """

    name: str
    outcome: Outcome
    seen: str
    fix: str = ""
    commands: tuple[str, ...] = ()


CHECKS: dict[str, str] = {
    "settings": "All that is set is known and right.",
    "user": "The uid and gid that the program runs as.",
    "token_directory": "It is there or can be made, is writable, has room, and the group can be given.",
    "readers": "Which users and groups can read the tokens, and whether they can reach them.",
    "state_directory": "The same for the private one.",
    "apart": "Neither directory is inside the other, also not by a second mount.",
    "private": "Nobody else can read the state.",
    "key": "The file of keys is readable and holds keys.",
    "cache": "The saved sign-in opens with the key and belongs to this client; whose it is.",
    "templates": "The templates can be read, and all that they name is there.",
    "published": "The tokens that apps see are live.",
    "loop": "The loop of `refresh` beats.",
    "prompt": "Whether a sign-in is being waited for.",
    "webhook": "The shape of the URL that prompts go to; nothing is sent.",
    "cluster": "The Kubernetes API answers, with a certificate that is trusted, and takes our token.",
    "cluster_rules": "RBAC allows what the settings need.",
    "cluster_excess": "RBAC does not allow more: to create or list Secrets, or to read others.",
    "state_secret": "It and its Lease are there; it opens with the key; whose sign-in it holds.",
    "token_secrets": "They are there and ours, and the tokens that apps mount are live.",
    "proxy": "Which way requests take.",
    "dns": "The name of the next hop resolves.",
    "tls": "Connection, certificate, name and dates.",
    "discovery": "The tenant or issuer exists.",
    "clock": "This machine's clock against the authority's.",
    "device_code": "The app exists there, and a device code is given for the first token's scopes.",
    "scopes": "The same for every further token.",
    "public_client": "The token endpoint takes this app as a public client.",
}
"""All checks in their order."""


def failed(checks: Iterable[Check]) -> bool:
    """Whether anything has to be mended."""
    return any(check.outcome is Outcome.FAIL for check in checks)


def document(checks: Iterable[Check]) -> dict[str, Any]:
    """For programs: every key always present, `fix` None where there is nothing to do."""
    all_checks = list(checks)
    return {
        "version": VERSION,
        "ok": not failed(all_checks),
        "checks": [
            {
                "name": check.name,
                "outcome": check.outcome.value,
                "seen": printable(check.seen, 1000),
                "fix": printable(" ".join([check.fix, "; ".join(check.commands)]).strip(), 1000) or None,
            }
            for check in all_checks
        ],
    }


def words(check: Check) -> str:
    """For people: a line or some, at most 80 columns wide as far as names allow; a command has one of its
    own, however long, so that it can be pasted.
    """
    mark = check.outcome.value.upper() if check.outcome is Outcome.FAIL else check.outcome.value
    lines = _filled(f"{mark:<5} {check.name.replace('_', ' '):<17}", printable(check.seen, 1000))
    if check.fix:
        lines += _filled(" " * 23 + "> ", printable(check.fix, 1000))
    lines += [f"  {printable(command, 1000)}" for command in check.commands]
    return "\n".join(lines) + "\n"


def summary(checks: Iterable[Check]) -> str:
    """The last line."""
    counts = [check.outcome for check in checks]
    told = [
        f"{counts.count(outcome)} {word}"
        for outcome, word in (
            (Outcome.FAIL, "to be mended"),
            (Outcome.WARN, "to look at"),
            (Outcome.PASS, "fine"),
            (Outcome.SKIP, "left out"),
        )
        if counts.count(outcome)
    ]
    return f"\n{', '.join(told)}\n"


def _filled(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]
