"""The shell's side: whatever lies in the files that it reads, a probe says one line and ends with 0 or 1."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.entrypoint.box import ENTRYPOINT, Box
from tests.entrypoint.conftest import SHELLS
from tests.torture.figures import count
from tests.torture.fuzz.draws import Draws
from tests.torture.scale import FACTOR, scaled

FILES = ("live_until", "ready_until", "heartbeat", "prompt")
PROBES = ("startup", "readiness", "liveness")
BATCH = 50
ODD_LINES = (
    *(
        b"",
        b"\n",
        b"0",
        b"00",
        b"-1",
        b"+1",
        b" 5 ",
        b"5 6",
        b"0x10",
        b"1e9",
        b"9" * 10,
        b"9" * 11,
        b"1" * 4000,
    ),
    *(
        b"\x1b[2J\x07",
        b"a\tb",
        b"a\rb",
        b"$(id)",
        b"`id`",
        b"*",
        b"\\",
        b"5\\\n6",
        b"\x005",
        b"5\x00",
        b"\xff\xfe",
        b"'",
        b'"',
        b"-n",
        b"%s%n",
    ),
    *(b"a[$(id)]", b"v", b"live", b"2147483648", b"4294967296", b"\r\n", b"5\r\n", b"!", b"(", b"] -o [ 1"),
)
# One shell runs all probes over many directories: what they print and how they end, beside each.
DRIVER = """
for directory in "$ROOT"/*; do
    for probe in startup readiness liveness; do
        SIDECAR_STATE_DIR=$directory SIDECAR_TOKEN_DIR=$ROOT/../token $SHELL_UNDER_TEST "$ENTRYPOINT" \
            probe $probe >"$directory/$probe.out" 2>"$directory/$probe.err" </dev/null
        echo $? >"$directory/$probe.code"
    done
done
"""


@pytest.mark.parametrize("name", SHELLS)
def test_probe_of_any_files_says_one_line(name: str, tmp_path: Path) -> None:
    """0 only with a number that holds; nothing on stderr; no command of a file is run."""
    if shutil.which(SHELLS[name][0]) is None:
        pytest.skip(f"{name} is not installed")
    (tmp_path / "token" / "..1").mkdir(parents=True)
    (tmp_path / "token" / "..data").symlink_to("..1")
    seed = random.SystemRandom().randrange(2**32) if FACTOR > 0 else 1
    chance = random.Random(seed)
    for batch in range(scaled(2, 60)):
        root = tmp_path / str(batch)
        told = [_filled(root / str(number) / "private", chance) for number in range(BATCH)]
        subprocess.run(
            [*SHELLS[name], "-c", DRIVER],
            env={
                "PATH": "/usr/bin:/bin",
                "ROOT": str(root),
                "SHELL_UNDER_TEST": " ".join(SHELLS[name]),
                "ENTRYPOINT": str(ENTRYPOINT),
            },
            timeout=120,
            check=True,
        )
        for number, files in enumerate(told):
            _one_line_each(root / str(number), files, seed)
        shutil.rmtree(root)
        count("fuzz", f"probes of odd files: {name}", BATCH * len(PROBES))


def _filled(private: Path, chance: random.Random) -> dict[str, bytes]:
    """A state directory with some of the files."""
    private.mkdir(parents=True)
    now = int(time.time())
    files = {}
    for name in FILES:
        draws = Draws(chance.randbytes(80))
        kind = draws.below(5)
        if kind == 0:
            continue
        content = (
            draws.one_of(ODD_LINES),
            draws.piece(),
            f"{now + draws.below(7200) - 3600}\n".encode(),
            draws.torn(f"{now + 600}\n".encode()),
        )[kind - 1]
        files[name] = content
        (private / name).write_bytes(content)
    return files


def _one_line_each(directory: Path, files: dict[str, bytes], seed: int) -> None:
    for probe in PROBES:
        context = f"{probe} of {files!a}, seed {seed}"
        code = int((directory / f"{probe}.code").read_text())
        line = (directory / f"{probe}.out").read_bytes()
        assert code in (0, 1), context
        assert (directory / f"{probe}.err").read_bytes() == b"", context
        assert line.count(b"\n") == 1, context
        assert line.endswith(b"\n"), context
        assert line.startswith(b"ok: " if code == 0 else b"not "), context
        if code == 0 and probe != "liveness":
            needed = files["live_until" if probe == "startup" else "ready_until"]
            digits = needed.replace(b"\0", b"").split(b"\n")[0].strip()
            assert digits.isdigit(), context
            assert int(digits) > time.time() - 300, context
        assert not set(line[:-1]) & {*range(32), 127}, context


@pytest.mark.parametrize("name", SHELLS)
def test_no_schedule_file_makes_a_hot_loop(name: str, tmp_path: Path) -> None:
    """Whatever a turn leaves in `wake`, a second at least lies before the next, and the loop goes on."""
    if shutil.which(SHELLS[name][0]) is None:
        pytest.skip(f"{name} is not installed")
    turns = scaled(30, 1000)
    box = Box(tmp_path, SHELLS[name])
    box.virtual_time()
    chance = random.Random(2)
    for number in range(1, turns + 1):
        draws = Draws(chance.randbytes(80))
        # A sound number that is far away would be waited for, a minute at a time.
        near = str(1000 + draws.below(60 * number)).encode()
        content = draws.one_of((near, draws.one_of(ODD_LINES), draws.piece(), draws.torn(near)))
        (box.stub / f"wake.{number}").write_bytes(
            b"" if content.strip().isdigit() and len(content) > 5 else content
        )
    box.python(
        f'[ "$n" -le {turns} ] || kill -TERM "$loop"; '
        'cat "$STUB/wake.$n" 2>/dev/null >"$SIDECAR_STATE_DIR/private/wake"'
    )
    ended = subprocess.run(
        [*box.shell, str(box.script), "refresh"],
        env=box.environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=scaled(60, 300),
        check=False,
    )
    starts = [turn.at for turn in box.turns()]
    assert ended.returncode == 0
    assert len(starts) == turns + 1
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(starts))
    assert ended.stderr.decode(errors="replace").replace("\n", "").isprintable()
    count("fuzz", f"schedules of odd content: {name}", turns)
