"""The roles that are turns, and the rules that a turn goes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.core import plan
from sidecar.core.account import Admission
from sidecar.core.plan import Policy, Situation
from sidecar.core.signin_hours import SigninHours
from sidecar.core.token import Wanted


@dataclass(frozen=True)
class Role:
    """What tells the roles apart. `attempts` are the tries of a request that fails in passing."""

    name: str
    due: Callable[[Situation, Policy], list[str]]
    attempts: int


SIGNIN = Role("signin", plan.due_for_signin, attempts=4)
REFRESH = Role("refresh", plan.due_for_refresh, attempts=2)
DEMAND = Role("refresh", plan.due_for_refresh, attempts=2)
"""One turn for one resource that somebody asked for; it leaves everything else to `refresh`."""


@dataclass(frozen=True)
class Rules:
    """The settings that a turn goes by. `may_prompt`: whether a person may be asked to sign in; `hours`: when
    `refresh` may, None for always. `demanded` are the names of tokens that nobody configured: nobody is
    prompted for them, and no probe asks about them. `replicated`: another replica renews the same tokens, and
    counts its own failures.
    """

    wanted: Wanted
    policy: Policy
    admission: Admission
    may_prompt: bool
    hours: SigninHours | None = None
    demanded: frozenset[str] = frozenset()
    replicated: bool = False

    def tries(self, role: Role) -> int:
        """Of a renewal within a turn: second ones of two replicas would be more than ten a minute."""
        return 1 if self.replicated else role.attempts

    @property
    def configured(self) -> Wanted:
        """Without what is on demand."""
        return {name: scopes for name, scopes in self.wanted.items() if name not in self.demanded}
