"""SIGKILL at every system call of a turn that renews, saves and publishes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.emulator import Emulator
from tests.torture.figures import count
from tests.torture.kills import snapshot
from tests.torture.kills.bench import Bench, Ended
from tests.torture.kills.killings import SUITE, Killings
from tests.torture.kills.readers import look, through_links
from tests.torture.kills.strace import Call


class KilledRefresh(Killings):
    """In a pod in which somebody is signed in."""

    role = "refresh"
    turn = ("refresh", "--now")

    def torn(self, pod: Path) -> list[str]:
        """One generation, of old tokens or of new ones, through every name that there was."""
        seen = through_links(pod / "tokens")
        if missing := self.old.keys() - seen.keys():
            return [f"missing: {sorted(missing)}"]
        if seen == self.old or look(pod / "tokens") is None:
            return []
        issued = self.bench.entra.secrets
        new = all(token != self.old.get(name) and token in issued for name, token in seen.items())
        return [] if new else ["torn: old tokens and new ones in one generation"]

    def follow(self, pod: Path, _killed: Ended, _calls: Sequence[Call]) -> list[str]:
        """The loop's next turn is silent, and so is the next renewal, behind which nothing is left."""
        wrong = []
        for turn in (("refresh",), self.turn):
            ended = self.bench.turn(pod, *turn)
            if not ended.silent:
                wrong.append(f"the next {' '.join(turn)} ended with {ended.code}: {ended.output}")
            wrong += self.torn(pod)
        return wrong + [f"left behind: {row}" for row in snapshot.left_behind(pod, links=snapshot.LINKS)]


def test_refresh_killed_at_any_call_is_healed_by_the_next_turn(
    entra: Emulator, bench: Bench, signed_in: Path
) -> None:
    """Wherever a renewal dies, apps read a whole old or a whole new generation, nobody is asked to sign in
    again, and two turns later nothing of it is left.
    """
    wrong = KilledRefresh(bench, signed_in).run(bounded=24)
    prompts = entra.count("devicecode") - 1
    count(SUITE, "refresh: prompts caused", prompts)
    assert wrong == []
    assert prompts == 0
