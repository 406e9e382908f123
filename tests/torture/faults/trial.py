"""One cell of the table on trial: the scene before the fault, the fault, and what must not have happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sidecar.core.events import EVENTS
from tests.torture import figures
from tests.torture.faults.doors import Detour
from tests.torture.faults.road import as_fault
from tests.torture.faults.rows import Outcome, Phase
from tests.torture.faults.stack import Stack
from tests.torture.faults.table import Cell

SUITE = "faults"
LASTING_SECONDS = 20 * 60
PERSON_SECONDS = 20
"""How long the person takes to sign in."""
REQUESTS_PER_MINUTE = 10
HEALED_WITHIN_SECONDS = 620
"""The longest pause between two tries: a refused sign-in's ten minutes."""
PENDING = "authorization_pending"
TOLD = (
    "signin.trouble",
    "signin.failed",
    "signin.blocked",
    "signin.rejected",
    "refresh.trouble",
    "refresh.failed",
)
FAILURES = (".failed", ".trouble", ".blocked", ".rejected", ".signin_required")


@dataclass
class Seen:
    """What an app sees while time passes."""

    tokens: int = 0
    removed: int = 0


class Trial:
    """Made for one cell; `stack` is a pod that has never been signed in."""

    def __init__(self, cell: Cell, stack: Stack) -> None:
        self.cell = cell
        self.stack = stack
        self.seen = Seen()
        self._last: dict[str, Any] | None = None
        self.prompts_before = 0
        fault = cell.row.fault
        self._script = stack.road.faults if isinstance(fault, Detour) else stack.entra.faults
        self._fault = as_fault(fault) if isinstance(fault, Detour) else fault
        stack.clock.during_sleep = lambda _seconds: self.look()

    def set_scene(self, *, left_seconds: int | None = None, lasting: bool = False) -> None:
        """All up to the moment of the fault: endpoints known, or signed in with the renewal not yet due.
        `left_seconds`: so much is left of the token's life. `lasting`: the person does not sign in before
        the fault is over, unless the row has it so.
        """
        stack, phase = self.stack, self.cell.phase
        if phase is Phase.RENEWAL:
            stack.entra.policy.approve_after = 0
            assert stack.signin() == 0, stack.output.getvalue()
            self.look()
            if left_seconds is not None:
                stack.clock.sleep(stack.entra.policy.token_life - left_seconds)
        elif phase is not Phase.DISCOVERY:
            stack.learn_endpoints()
        if phase is not Phase.RENEWAL:
            waits = self.cell.expected.outcome in (Outcome.UNHARMED, Outcome.RETRIED)
            late = LASTING_SECONDS if lasting and waits and phase is Phase.POLL else 0
            stack.entra.policy.approve_after = 0 if self.cell.row.approved else late + PERSON_SECONDS
        self.prompts_before = stack.prompts

    def strike_once(self) -> None:
        """The next request of the phase."""
        self._script.next(self.cell.phase.value, self._fault)

    def strike_for(self, seconds: float) -> float:
        """Every request of the phase, for so long from the first one on; until when."""
        wait = self.stack.entra.policy.token_life * 0.66 if self.cell.phase is Phase.RENEWAL else 0
        until = self.stack.clock.now() + wait + seconds
        self._script.always(self.cell.phase.value, self._fault, until)
        return until

    def relent(self) -> None:
        """The fault is over."""
        self._script.clear()

    def healed(self) -> Callable[[], bool]:
        """Whether the fault has struck and apps have a good token that came after it."""
        first = self._last

        def check() -> bool:
            self.look()
            document = self.stack.published()
            now = self.stack.clock.now()
            return (
                bool(self.strikes)
                and document is not None
                and document["expires_on"] > now
                and (first is None or document["access_token"] != first["access_token"])
            )

        return check

    @property
    def strikes(self) -> list[float]:
        """When the fault has struck."""
        struck = [request.at for request in self.stack.entra.requests if request.fault]
        return struck + [asked.at for asked in self.stack.road.asked if asked.astray]

    def look(self) -> None:
        """As an app does: a token that lives is there, and is whole and Alice's."""
        document, before = self.stack.published(), self._last
        if document == before:
            return
        if document is None:
            assert before is not None
            if before["expires_on"] > self.stack.clock.now():
                self.seen.removed += 1
            return
        self.seen.tokens += 1
        self._last = document
        assert document["access_token"].rstrip("~") in self.stack.entra.secrets
        assert (self.stack.token_path / "token").read_text() == document["access_token"]
        assert (self.stack.token_path / "expires_on").read_text() == f"{document['expires_on']}\n"
        assert document["username"] == "alice@contoso.example"
        assert document["token_type"] == "Bearer"
        assert isinstance(document["scope"], str)
        assert self.stack.clock.now() < document["expires_on"] < 10**10

    def prompts(self) -> int:
        """How many prompts there were since the scene was set."""
        return self.stack.prompts - self.prompts_before

    def prompts_due(self) -> int:
        """The one in progress, and those that the row says."""
        own = self._own_prompts
        if self.cell.expected.outcome is Outcome.PROMPTED:
            return own + (1 if self.cell.phase is Phase.RENEWAL else len(self.strikes))
        if self.cell.expected.outcome is Outcome.STOPPED and self.cell.phase is Phase.POLL:
            return own + len(self.strikes)
        return own

    @property
    def _own_prompts(self) -> int:
        return 0 if self.cell.phase is Phase.RENEWAL else 1

    def told(self) -> bool:
        """Whether the log says that something went wrong since the scene was set, or that a person is needed
        for more than the first sign-in.
        """
        output = self.stack.output.getvalue()
        return any(name in output for name in TOLD) or self.prompts() > self._own_prompts

    def requests_in_the_worst_minute(self) -> int:
        """All but the polls that were answered as polls are: wait."""
        harmless = self.cell.expected.outcome is Outcome.UNHARMED
        times = sorted(
            [
                request.at
                for request in self.stack.entra.requests
                if request.error != PENDING or (request.fault and not harmless)
            ]
            + [asked.at for asked in self.stack.road.asked if asked.astray]
        )
        return max((sum(at <= other < at + 60 for other in times) for at in times), default=0)

    def check_all(self) -> None:
        """What holds in every cell."""
        self.look()
        worst = self.requests_in_the_worst_minute()
        figures.count(SUITE, "live tokens removed", self.seen.removed)
        figures.count(SUITE, "tokens that apps saw", self.seen.tokens)
        figures.highest(SUITE, "requests in the worst minute", worst)
        figures.count(SUITE, "requests struck", len(self.strikes))
        assert self.seen.removed == 0
        assert worst <= REQUESTS_PER_MINUTE
        assert self.stack.road.strayed == []
        kept = b"".join(path.read_bytes() for path in self.stack.state_path.iterdir() if path.is_file())
        assert b"rt-of-bob" not in kept
        assert b"bob@contoso.example" not in kept
        self._check_output()

    def check_pauses(self) -> None:
        """What the authority asked for is kept, up to an hour."""
        pause = self.cell.row.pause_seconds
        times = sorted(self.strikes)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(gap >= pause for gap in gaps), gaps

    def _check_output(self) -> None:
        output = self.stack.output.getvalue()
        bad = sorted({character for character in output if not character.isprintable()} - {"\n"})
        figures.count(SUITE, "lines of output searched", output.count("\n"))
        figures.count(SUITE, "tracebacks", output.count("Traceback"))
        assert bad == []
        assert "Traceback" not in output
        if self.stack.log_format != "json":
            return
        for line in filter(None, output.splitlines()):
            record = json.loads(line)
            assert record["event"] in EVENTS
            assert all(value.isprintable() for value in record.values() if isinstance(value, str)), record
            if record["event"].endswith(FAILURES):
                assert record.get("message"), record
                assert record.get("advice"), record
