"""A turn for one token that somebody asked for: it is fetched if it is due, and nobody is prompted."""

from __future__ import annotations

from dataclasses import replace

from sidecar.core import plan
from sidecar.core.schedule import Attempts
from sidecar.custody import Custody
from sidecar.errors import AuthorityBusy, SigninRequired
from sidecar.ledger import Ledger
from sidecar.renewal import Renewal
from sidecar.role import Rules
from sidecar.upkeep import Upkeep


class OnDemand:
    """Made for one turn."""

    def __init__(
        self, *, rules: Rules, custody: Custody, renewal: Renewal, upkeep: Upkeep, ledger: Ledger
    ) -> None:
        self._rules = rules
        self._custody = custody
        self._renewal = renewal
        self._upkeep = upkeep
        self._ledger = ledger

    def fetch(self, name: str) -> None:
        """See to it that the token `name` is published.

        :raises SidecarError: it is not, and why; the journal says it too
        """
        if self._custody.account is None:
            raise SigninRequired("nobody is signed in", advice="Sign in at the prompt of signin or refresh.")
        situation = self._upkeep.situation()
        only = replace(situation, wanted={name: self._rules.wanted[name]})
        if plan.due_for_refresh(only, self._rules.policy):
            self._upkeep.renew([name])
        failure = self._renewal.failures.get(name)
        if isinstance(failure, SigninRequired):
            self._upkeep.put_off([name])
        token = self._custody.tokens.get(name)
        if token is not None and token.lives(situation.now):
            return
        if failure is not None:
            raise failure
        attempts = self._ledger.journal.tokens.get(name, Attempts())
        raise AuthorityBusy(
            attempts.error or "there is no token yet",
            retry_after=max(int(attempts.retry_on - situation.now), 1),
            advice="The last try failed a moment ago; ask again later.",
        )
