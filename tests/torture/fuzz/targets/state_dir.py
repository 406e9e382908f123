"""Any bytes in the files of both directories: a turn over them leaves a schedule, and the next is healthy."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from sidecar.adapters.sealing import Sealer
from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.cli import main
from sidecar.core.web import Request
from sidecar.role import SIGNIN
from sidecar.serve.metrics import metrics
from sidecar.status import found_in
from tests.life.doubles import VirtualClock
from tests.torture.fuzz.authority import OddAuthority
from tests.torture.fuzz.draws import ODD_NUMBERS, Draws
from tests.torture.fuzz.pod import REFRESH, OddPod
from tests.torture.fuzz.promises import folder, printable_lines

PROMPT = {"event": "signin.code_issued", "verification_uri": "https://x/", "user_code": "A", "expires_on": 5}
JOURNAL = {
    "tokens": {"": {"failures": 3, "retry_on": 1, "succeeded_on": 2, "failed_on": 3, "error": "busy"}},
    "signin": {"failures": 0, "retry_on": 0, "succeeded_on": 0, "failed_on": None, "error": None},
    "anchor": {"wall": VirtualClock().wall, "boot": VirtualClock().boot, "boot_id": "boot-1"},
    "wake_on": 1_700_000_100,
    "renewal_owed": False,
}
NUMBERS = ("wake", "due", "live_until", "ready_until", "heartbeat")


@functools.cache
def _true() -> dict[str, bytes]:
    """The files of a pod that has signed in; those of a prompt as well."""
    with folder() as path:
        pod = OddPod(path, OddAuthority(), seal=Sealer())
        assert pod.turn(SIGNIN) is None
        files = {
            str(file.relative_to(path)): file.read_bytes()
            for file in sorted(path.glob("private/*"))
            if file.is_file()
        }
    files["private/prompt.json"] = json.dumps(PROMPT).encode()
    files["private/prompt"] = b"sign-in needed: open it\n"
    files["private/heartbeat"] = b"5000\n"
    return files


def one_input(data: bytes) -> None:
    """`status` and a scrape show what is there, a turn goes on from it, and at last a live token is there."""
    draws = Draws(data)
    with folder() as path:
        pod = OddPod(path, OddAuthority(serial=100), seal=Sealer())
        for name, content in _true().items():
            (path / name).write_bytes(content)
        pod.turn(draws.one_of((REFRESH, SIGNIN)))
        for _ in range(1 + draws.below(3)):
            file = path / draws.one_of((*_true(), "tokens/..data/token.json", "private/journal.json"))
            if file.exists():
                file.write_bytes(_damaged(draws, file))
        _readers(path)
        pod.bench.clock.sleep(draws.one_of((1, 3000, 4000)))
        if draws.sometimes():
            pod.bench.clock.leap(draws.one_of((-3600, 3600, 31)))
        pod.turn(draws.one_of((REFRESH, SIGNIN)), at_once=draws.sometimes())
        pod.heal()


def _damaged(draws: Draws, file: Path) -> bytes:
    name, content = file.name, file.read_bytes()
    kind = draws.below(3)
    if kind == 0 or name == "cache":  # which has a target of its own
        return draws.torn(content)
    if kind == 1:
        return draws.piece()
    if name in NUMBERS:
        return f"{draws.one_of(ODD_NUMBERS)}\n".encode()
    try:
        document = JOURNAL if name == "journal.json" and draws.sometimes() else json.loads(content)
    except ValueError:
        return draws.piece()
    return json.dumps(draws.mutated(document)).encode()


def _readers(path: Path) -> None:
    environ = {"SIDECAR_STATE_DIR": str(path / "state"), "SIDECAR_TOKEN_DIR": str(path / "tokens")}
    (path / "state").mkdir()
    (path / "state" / "private").symlink_to(path / "private")
    for arguments in ([], ["--json"]):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            assert main(["status", *arguments], environ) == 0
        printable_lines(output.getvalue())
        if arguments:
            assert len(output.getvalue().splitlines()) == 1
            json.loads(output.getvalue())
    state, tokens = StateDirectory(path / "private"), TokenDirectory(path / "tokens", Access())
    state.prompt()
    found = found_in(tokens, state, now=VirtualClock().wall)
    scraped = metrics(lambda: found, boot=lambda: VirtualClock().boot)(
        Request("GET", "/metrics")
    ).body.decode()
    assert list(text_string_to_metric_families(scraped))
