"""SIGKILL at every system call of a sign-in by a person who approves at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.emulator.grants import State
from tests.torture.figures import count
from tests.torture.kills import snapshot
from tests.torture.kills.bench import Bench, Ended
from tests.torture.kills.killings import SUITE, Killings
from tests.torture.kills.readers import FILES, look
from tests.torture.kills.strace import Call


class KilledSignin(Killings):
    """In a pod in which nobody has ever signed in."""

    role = "signin"
    turn = ("signin",)

    def __init__(self, bench: Bench, pod: Path) -> None:
        super().__init__(bench, pod)
        self.asked_again = 0
        self.approved_in_vain = 0
        self.asked_for_nothing = 0

    def torn(self, pod: Path) -> list[str]:
        """`token` comes last: who finds it finds everything that was published with it."""
        tokens = pod / "tokens"
        if not (tokens / "token").exists():
            return []
        missing = [name for name in FILES if not (tokens / name).exists()]
        seen = look(tokens)
        if seen is None or "" not in seen.names:
            missing.append("..data/token")
        return [f"missing: {missing}"] if missing else []

    def follow(self, pod: Path, killed: Ended, calls: Sequence[Call]) -> list[str]:
        """The next sign-in asks only if the first one was not saved; the turn behind it asks nobody."""
        saved = is_saved(calls)
        again = self.bench.turn(pod, *self.turn)
        wrong = []
        if again.code != 0 or "Traceback" in again.output:
            wrong.append(f"the next signin ended with {again.code}: {again.output}")
        if again.prompts != (not saved):
            wrong.append(f"{again.prompts} prompts, though the sign-in was{'' if saved else ' not'} saved")
        if saved and not again.silent:
            wrong.append(f"the next signin was not silent: {again.output}")
        self.asked_again += again.prompts and killed.prompts
        self.asked_for_nothing += again.prompts if saved else 0
        self.approved_in_vain += self._redeemed(killed) and not saved
        ended = self.bench.turn(pod, "refresh", "--now")
        if not ended.silent:
            wrong.append(f"the refresh behind it ended with {ended.code}: {ended.output}")
        seen = look(pod / "tokens")
        if seen is None or seen.names != {"", "arm"}:
            wrong.append(f"missing: {seen and seen.names}")
        return wrong + [f"left behind: {row}" for row in snapshot.left_behind(pod, links=snapshot.LINKS)]

    def _redeemed(self, killed: Ended) -> bool:
        shown = {record.get("user_code") for record in killed.records if record["event"].endswith("issued")}
        codes = list(self.bench.entra.grants.codes.values())
        return any(code.user_code in shown and code.state is State.REDEEMED for code in codes)


def is_saved(calls: Sequence[Call]) -> bool:
    """Whether the cache was put in place after the code was used: the first time is the rehearsal, before
    anybody is asked.
    """
    renames = [call for call in calls if call.name == "rename" and call.succeeded]
    return sum(call.paths[-1].endswith("/private/cache") for call in renames) >= 2


def test_signin_killed_at_any_call_asks_again_only_before_it_was_saved(
    new_bench: Callable[..., Bench],
) -> None:
    """A person who signed in is asked a second time only if the process died before the rename that puts
    the cache in place; behind it never.
    """
    bench = new_bench(at_once=6)  # a second of each is the pause before the poll
    killings = KilledSignin(bench, bench.pod())
    wrong = killings.run(bounded=16)
    count(SUITE, "signin: asked a second time, before the save", killings.asked_again)
    count(SUITE, "signin: of them with an approval that was used but not saved", killings.approved_in_vain)
    count(SUITE, "signin: prompts caused behind the save", killings.asked_for_nothing)
    assert wrong == []
    assert killings.asked_for_nothing == 0
