"""No secret lies anywhere but in the cache and, access tokens alone, in the token directory."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Hang
from tests.end_to_end.pod import ROOT, Pod, eventually
from tests.leaks import Leaks
from tests.torture.access.kinds import found_in, secrets_by_kind
from tests.torture.figures import count, highest
from tests.torture.scale import scaled

HANG_SECONDS = scaled(2, 8)
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run")
WORKING_DIRECTORY = "/"


@pytest.fixture
def sealed(pod: Pod, tmp_path: Path, key_file: Callable[[Path], Path]) -> Pod:
    """A pod whose cache is sealed, with a TMPDIR and a home of its own."""
    for name in ("TMPDIR", "HOME"):
        (tmp_path / name).mkdir()
        pod.settings[name] = str(tmp_path / name)
    pod.settings["SIDECAR_CACHE_KEY_FILE"] = str(key_file(tmp_path / "key"))
    pod.settings["SIDECAR_TOKENS"] = "arm=https://management.azure.com/.default"
    pod.settings["MARK"] = f"leaks-{os.getpid()}-{time.monotonic_ns()}"
    return pod


class Watch:
    """Looks at every process and every temporary file of a pod, again and again, until it is left."""

    def __init__(self, pod: Pod) -> None:
        self._mark = f"MARK={pod.settings['MARK']}".encode()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._private, self._tokens = pod.state, pod.tokens
        self._since = time.time_ns()
        self.samples = 0
        self.processes: set[str] = set()
        self.seen: set[bytes] = set()
        self.files: dict[str, bytes] = {}

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def processes_now(self) -> dict[int, bytes]:
        """Environment and arguments by process id, of all that carry the pod's mark."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environ = (folder / "environ").read_bytes()
                if self._mark in environ.split(b"\0"):
                    found[int(folder.name)] = environ + (folder / "cmdline").read_bytes()
                    self.processes.add((folder / "comm").read_text().strip())
            except OSError:
                continue
        return found

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.seen |= set(self.processes_now().values())
            self._look_at_files()
            self.samples += 1

    def _look_at_files(self) -> None:
        """Those of any process that are new: by path, and those without a name by their descriptor."""
        for pid in self.processes_now():
            for descriptor in _listed(Path(f"/proc/{pid}/fd")):
                try:
                    target = str(descriptor.readlink())
                    if target.startswith(("/", "anon_inode", "memfd")) and not self._known(target):
                        self.files[f"{target} of a process"] = descriptor.read_bytes()[: 4 << 20]
                except OSError:
                    continue
        for folder in (*TEMPORARY, WORKING_DIRECTORY):
            for path in _listed(Path(folder)):
                try:
                    if path.is_file() and path.stat().st_mtime_ns >= self._since:
                        self.files[str(path)] = path.read_bytes()[: 4 << 20]
                except OSError:
                    continue

    def files_left(self) -> dict[str, bytes]:
        """What was written below any temporary directory since, at whatever depth; not the pod's volumes."""
        found = {}
        walks = itertools.chain.from_iterable(os.walk(folder) for folder in TEMPORARY)
        for file in (Path(folder, name) for folder, _, names in walks for name in names):
            try:
                ours = file.is_relative_to(self._private) or file.is_relative_to(self._tokens)
                if not ours and file.is_file() and file.stat().st_mtime_ns >= self._since:
                    found[str(file)] = file.read_bytes()[: 4 << 20]
            except OSError:
                continue
        return found

    def _known(self, target: str) -> bool:
        """The two directories are looked at by themselves; devices and libraries hold nothing of ours."""
        known = (str(self._private), str(self._tokens), "/dev/null", "/proc/", "/sys/", "/usr/", "/lib")
        return target.startswith(known) or not Path(target.removesuffix(" (deleted)")).is_file()


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def assert_nowhere(watch: Watch, pod: Pod, entra: Emulator, folder: Path) -> None:
    """Search all that was seen for all secrets, by kind."""
    kinds = secrets_by_kind(entra)
    everything = set().union(*kinds.values())
    places: dict[str, bytes] = {f"process {n}": content for n, content in enumerate(watch.seen)}
    places |= watch.files
    canary = folder / "TMPDIR" / "deep" / "canary"
    canary.parent.mkdir()
    canary.touch()
    places |= watch.files_left()
    assert str(canary) in places, "the search below temporary directories finds nothing"
    places |= {
        str(path): path.read_bytes()
        for path in pod.state.rglob("*")
        if path.is_file() and not path.name.startswith("cache")
    }
    assert watch.samples > 10
    for place, content in places.items():
        assert not found_in(content, everything), place
    cache = b"".join(path.read_bytes() for path in pod.private.glob("cache*"))
    assert cache
    assert not found_in(cache, everything), "the cache is sealed"
    shared = pod.shared()
    for kind, secrets in kinds.items():
        if kind != "access token":
            assert not found_in(shared, secrets), f"{kind} among the tokens"
        assert secrets, f"there was no {kind}"
        count("access", f"secrets searched for: {kind}", len(secrets))
    published = found_in(shared, kinds["access token"])
    assert {pod.token(), pod.document("arm")["access_token"]} <= published
    count("access", "places searched for them", len(places) + 2)
    count("access", "secrets leaked", 0)
    highest("access", "looks at all processes in one test", watch.samples)


def test_sign_in_and_renewal_show_no_secret_to_anybody(sealed: Pod, entra: Emulator, tmp_path: Path) -> None:
    """While requests hang, and all the time: no environment, argument, open or temporary file of shell,
    Python or sleep, nor any file of the state directory but the sealed cache, holds one.
    """
    with Watch(sealed) as watch:
        role = sealed.start("signin")
        prompt = role.wait_for("signin.code_issued")
        entra.faults.next("token:device_code", Hang(HANG_SECONDS, then_answer=True))
        entra.approve(prompt["user_code"])
        assert role.end() == 0, role.output
        entra.faults.next("token:refresh_token", Hang(HANG_SECONDS, then_answer=True))
        loop = sealed.start("refresh", "--now")
        loop.wait_for("refresh.succeeded")
        loop.wait_for("refresh.scheduled")
        eventually(lambda: "sleep" in watch.processes, "the loop's sleep")
        assert loop.stop()[0] == 0
        assert sealed.run("probe", "readiness")[0] == 0
        assert sealed.run("status", "--json")[0] == 0
    assert any(name.startswith("python") for name in watch.processes), watch.processes
    assert {"sh", "sleep"} <= watch.processes or {"dash", "sleep"} <= watch.processes
    assert_nowhere(watch, sealed, entra, tmp_path)


def test_killed_turns_leave_no_secret_behind(sealed: Pod, entra: Emulator, tmp_path: Path) -> None:
    """KILL in the middle of a request, and while the cache and tokens are written: nothing in clear stays."""
    with Watch(sealed) as watch:
        entra.policy.approve_after = 0
        assert sealed.run("signin")[0] == 0
        for _ in range(scaled(2, 20)):
            before = entra.count("token:refresh_token")
            entra.faults.next("token:refresh_token", Hang(0.2, then_answer=True))
            loop = sealed.start("refresh", "--now")
            entra.wait_for("token:refresh_token", before + 1)
            time.sleep(0.2)  # the answer is on its way: from here on it is saved and published
            loop.signal_turn(signal.SIGKILL)
            loop.process.kill()
            loop.end()
            count("access", "turns killed while they held secrets")
    assert_nowhere(watch, sealed, entra, tmp_path)


LOOK = """
import json, os, sys, time
descriptors = {}
for name in os.listdir("/proc/self/fd"):
    try:
        descriptors[name] = os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        pass
print(json.dumps({"descriptors": descriptors, "environ": dict(os.environ)}), flush=True)
sys.stdin.read()
"""


def test_command_of_exec_inherits_nothing_of_ours(
    sealed: Pod, entra: Emulator, tmp_path: Path, leaks: Leaks
) -> None:
    """Beside a renewal that hangs: the command has its three streams and its own environment, no secret in
    either, and no descriptor of the lock, the cache or a connection.
    """
    entra.policy.approve_after = 0
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, **sealed.settings}
    with Watch(sealed) as watch, (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(
            ["sh", str(ROOT / "entrypoint.sh"), "exec", "--", sys.executable, "-c", LOOK],
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd="/",
        )
        with process:
            assert process.stdout is not None
            told = process.stdout.readline()
            eventually(lambda: "sleep" in watch.processes, "the loop beside the command")
            process.communicate(timeout=60)
        assert process.returncode == 0
    leaks.printed("exec", told.decode() + (tmp_path / "errors").read_text())
    found = json.loads(told)
    # The listing itself takes a fourth, which is gone before it can be read.
    assert set(found["descriptors"]) == {"0", "1", "2"}, found["descriptors"]
    unchanged = {name: value for name, value in found["environ"].items() if name != "LC_CTYPE"}
    assert unchanged == given
    assert_nowhere(watch, sealed, entra, tmp_path)
