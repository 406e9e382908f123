"""One pod of the Deployment: a loop and its two directories, on a node of its own."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.end_to_end.pod import Pod, eventually
from tests.processes import catches
from tests.torture.contention.pods import Loop

_CLOCKS = Path(__file__).parents[1] / "clocks" / "wrong_clock.c"
_NODE = Path(__file__).with_name("other_node.c")


class Replica:
    """`new_pod` makes an empty pod with further settings; `name` is `namespace/name`, to which each pod adds
    a number. `clock_off_by` are seconds, of its wall clock.

    A killed container is started again in its pod. A pod that is rescheduled has another name, uid and
    node, and nothing in its directories.
    """

    def __init__(
        self, new_pod: Callable[..., Pod], name: str, *, folder: Path, clock_off_by: int = 0
    ) -> None:
        self.name = name
        self._new_pod = new_pod
        self._folder = folder
        self._off = clock_off_by
        self._moves = itertools.count()
        self.stopped = False
        self.loops: list[Loop] = []
        self._schedule()

    @property
    def loop(self) -> Loop:
        """Its present loop."""
        return self.loops[-1]

    @property
    def pod(self) -> Pod:
        """Its present pod."""
        return self.loop.pod

    @property
    def pod_name(self) -> str:
        """What the Lease and the log call it."""
        return self.pod.settings["SIDECAR_POD"].split("/")[1]

    def hang_up(self) -> None:
        """Renew now."""
        if self.stopped:
            return
        self._await_traps()
        with suppress(ProcessLookupError):
            self.loop.role.process.send_signal(signal.SIGHUP)

    def freeze(self) -> None:
        """Nothing of it runs any more, as on a node that is lost for a while."""
        os.killpg(self.loop.role.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        os.killpg(self.loop.role.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """The container ends at once, and is started again."""
        self.loop.kill_all()
        self.loop.start()

    def kill_for_good(self) -> None:
        """The node is gone."""
        self.loop.kill_all()
        self.stopped = True

    def reschedule(self) -> None:
        """The pod is gone with its directories; there is another one."""
        self.loop.kill_all()
        self._schedule()

    def stop(self) -> None:
        """In good order."""
        if not self.stopped:
            self._await_traps()
            code, seconds = self.loop.role.stop()
            assert code == 0, self.loop.role.output
            assert seconds < 15, f"{self.name} took {seconds:.1f} s to stop"
        self.stopped = True

    @property
    def outputs(self) -> list[str]:
        """What each of its lives printed, in every pod."""
        return [output for loop in self.loops for output in loop.outputs]

    def _await_traps(self) -> None:
        """Before the shell has set them a signal ends it; on PID 1 it would be nothing at all."""
        pid = self.loop.role.process.pid
        eventually(lambda: catches(pid, signal.SIGTERM, signal.SIGHUP), f"traps of {self.name}")

    def _schedule(self) -> None:
        number = next(self._moves)
        name = f"{self.name}-{number}"
        boot_id = self._folder / f"boot-id-{name.replace('/', '-')}"
        boot_id.write_text(f"{uuid.uuid4()}\n")
        libraries = [_library(_NODE, self._folder)]
        settings = {"BOOT_ID_FILE": str(boot_id)}
        if self._off:
            libraries.append(_library(_CLOCKS, self._folder))
            settings["WRONG_BY_SECONDS"] = str(self._off)
        pod = self._new_pod(
            **settings,
            LD_PRELOAD=":".join(map(str, libraries)),
            SIDECAR_POD=f"{name}/{uuid.uuid4()}",
        )
        self.loops.append(Loop(pod))


@cache
def _library(source: Path, folder: Path) -> Path:
    library = folder / source.with_suffix(".so").name
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library
