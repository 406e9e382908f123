"""The two directories: made, kept apart, kept private."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import DirectoryError, DirectoryRefused
from sidecar.posix.directories import cannot_write, describe, keep_apart, make_private, prepare
from tests.posix.identities import acting_as, needs_root, reachable_directory, umask
from tests.posix.volumes import Volume

STATE = "SIDECAR_STATE_DIR"


def mode_of(path: Path) -> int:
    """Permission bits, setgid included."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def anyones() -> Iterator[Path]:
    """A directory that every user can reach, owned by root, mode 0755."""
    with reachable_directory() as path:
        yield path


def test_missing_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    """A first run needs no preparation where the parent allows it."""
    made = prepare(tmp_path / "a" / "b", setting=STATE, mode=0o700)
    assert made == tmp_path / "a" / "b"
    assert mode_of(made) == 0o700


def test_directory_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """The root of a mount belongs to the platform: no chmod, whatever it is."""
    tmp_path.chmod(0o777)
    assert prepare(tmp_path, setting=STATE, mode=0o700) == tmp_path
    assert mode_of(tmp_path) == 0o777


def test_links_are_resolved_first(tmp_path: Path) -> None:
    """What is checked and used is the directory behind a link, even one that is yet to be made."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert prepare(tmp_path / "link" / "state", setting=STATE, mode=0o700) == tmp_path / "real" / "state"
    assert (tmp_path / "real" / "state").is_dir()


def test_file_in_the_place_of_a_directory_is_refused(tmp_path: Path) -> None:
    """78: only another path helps. The message names setting and path."""
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryRefused, match=f"^{STATE}: {tmp_path}/file is not a directory$") as caught:
        prepare(tmp_path / "file", setting=STATE, mode=0o700)
    assert caught.value.exit_code == 78


def test_file_among_the_parents_cannot_be_written_below(tmp_path: Path) -> None:
    """73, and the message shows the file that was found on the way."""
    (tmp_path / "file").touch()
    with pytest.raises(
        DirectoryError, match=re.escape(f"cannot write {tmp_path}/file/state: Not a directory")
    ):
        prepare(tmp_path / "file" / "state", setting=STATE, mode=0o700)


@needs_root
def test_directory_of_somebody_else_cannot_be_written(anyones: Path) -> None:
    """73, with setting, path, the owner and mode found and the ids it runs with; the advice has the fix."""
    with acting_as(1001, 1002), pytest.raises(DirectoryError) as caught:
        prepare(anyones, setting=STATE, mode=0o700)
    assert caught.value.exit_code == 73
    assert caught.value.message == (
        f"{STATE}: cannot write {anyones}: Permission denied; "
        f"found {anyones} with uid 0, gid 0, mode 0755; running as uid 1001, gid 1002"
    )
    assert "writable for uid 1001, gid 1002" in caught.value.advice
    assert "fsGroup" in caught.value.advice


@needs_root
def test_directory_that_cannot_be_made_names_the_parent_that_forbids_it(anyones: Path) -> None:
    """The owner and mode in the message are those of the nearest directory that exists."""
    with acting_as(1001, 1002), pytest.raises(DirectoryError, match=f"found {anyones} with uid 0"):
        prepare(anyones / "a" / "b", setting=STATE, mode=0o700)


@needs_root
def test_group_of_the_volume_is_enough(anyones: Path) -> None:
    """As with fsGroup: root's directory, mode 2775, writable through a supplementary group."""
    os.chown(anyones, 0, 2000)
    anyones.chmod(0o2775)
    with acting_as(1001, 1001, [2000]):
        assert prepare(anyones, setting=STATE, mode=0o700) == anyones
        private = make_private(anyones / "private", setting=STATE)
    assert private.stat().st_uid == 1001
    assert mode_of(private) == 0o700


def test_read_only_volume_cannot_be_written(volume: Volume) -> None:
    """73 for both directories, and the advice is to mount it writable."""
    volume.make_read_only()
    with pytest.raises(DirectoryError, match=r"Permission denied|Read-only file system"):
        prepare(volume.path, setting=STATE, mode=0o700)
    with pytest.raises(DirectoryError, match="Read-only file system") as caught:
        make_private(volume.path / "private", setting=STATE)
    assert caught.value.exit_code == 73
    assert caught.value.advice == "Mount the volume writable for this container."


@pytest.mark.parametrize(
    ("number", "setting", "advice"),
    [
        (errno.ENOSPC, STATE, "Free or enlarge the volume"),
        (errno.EDQUOT, STATE, "Raise the quota"),
        (errno.EROFS, STATE, "Mount the volume writable"),
        (errno.EPERM, "SIDECAR_TOKEN_DIR", "The group of SIDECAR_TOKEN_GROUP"),
        (errno.EPERM, STATE, "writable for uid"),
        (errno.EACCES, STATE, "writable for uid"),
        (None, STATE, "writable for uid"),
    ],
)
def test_advice_fits_the_cause(tmp_path: Path, number: int | None, setting: str, advice: str) -> None:
    """Each way of not being writable has its own cure; the tokens' group is none of the state's."""
    cause = OSError() if number is None else OSError(number, os.strerror(number))
    error = cannot_write(cause, setting=setting, path=tmp_path)
    assert error.advice.startswith(advice) or advice in error.advice
    assert f"{setting}: cannot write {tmp_path}" in error.message


@pytest.mark.parametrize(
    ("token_dir", "state_dir"),
    [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("link", "a"), ("link/b", "a"), ("a", "link/b/c")],
)
def test_nested_directories_are_refused(tmp_path: Path, token_dir: str, state_dir: str) -> None:
    """Equal, one inside the other, or so through a link: apps would see the refresh token. 78."""
    (tmp_path / "link").symlink_to("a")
    tokens = prepare(tmp_path / token_dir, setting="SIDECAR_TOKEN_DIR", mode=0o755)
    state = prepare(tmp_path / state_dir, setting=STATE, mode=0o700)
    with pytest.raises(DirectoryRefused, match=re.escape(str(tokens))) as caught:
        keep_apart(tokens, state)
    assert str(state) in caught.value.message
    assert caught.value.exit_code == 78


def test_templates_are_not_made_of_the_state(tmp_path: Path) -> None:
    """The directory of templates is published: 78, with its own name."""
    with pytest.raises(DirectoryRefused, match="SIDECAR_TEMPLATE_DIR"):
        keep_apart(tmp_path / "state/private", tmp_path / "state", setting="SIDECAR_TEMPLATE_DIR")


def test_names_that_only_begin_alike_are_apart(tmp_path: Path) -> None:
    """`/run/entra` and `/run/entra-state` are two directories."""
    keep_apart(tmp_path / "entra", tmp_path / "entra-state")
    keep_apart(tmp_path / "entra-state", tmp_path / "entra")


@needs_root
@pytest.mark.parametrize(("token_dir", "state_dir"), [("", ""), ("", "sub dir"), ("sub dir", "")])
def test_volume_that_is_mounted_twice_is_refused(
    volume: Volume, tmp_path: Path, token_dir: str, state_dir: str
) -> None:
    """Two names of one volume, or a volume and a part of it: apps see what lies in the other."""
    (volume.path / "sub dir").mkdir()
    second = tmp_path / "second mount"
    second.mkdir()
    subprocess.run(["mount", "--bind", volume.path / state_dir, second], check=True)
    try:
        with pytest.raises(DirectoryRefused, match="nested"):
            keep_apart(volume.path / token_dir, second)
    finally:
        subprocess.run(["umount", second], check=True)


@needs_root
def test_two_parts_of_a_volume_are_apart(volume: Volume, tmp_path: Path) -> None:
    """As two subPath mounts of one claim."""
    for name in ("a", "b"):
        (volume.path / name).mkdir()
    second = tmp_path / "second"
    second.mkdir()
    subprocess.run(["mount", "--bind", volume.path / "b", second], check=True)
    try:
        keep_apart(volume.path / "a", second)
        keep_apart(second, volume.path / "a")
    finally:
        subprocess.run(["umount", second], check=True)


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_private_directory_is_private_from_the_start(tmp_path: Path, mask: int) -> None:
    """0700 whatever the umask."""
    with umask(mask):
        assert mode_of(make_private(tmp_path / "private", setting=STATE)) == 0o700


def test_inherited_setgid_bit_is_taken_back(tmp_path: Path) -> None:
    """A volume with mode 2777 passes the bit on to the directories made in it."""
    tmp_path.chmod(0o2777)
    assert mode_of(make_private(tmp_path / "private", setting=STATE)) == 0o700


def test_widened_modes_are_repaired(tmp_path: Path) -> None:
    """What a platform widened on a restored volume is narrowed again; what is narrow stays."""
    private = tmp_path / "private"
    private.mkdir()
    victim = tmp_path / "elsewhere"
    victim.touch()
    victim.chmod(0o666)
    for name, mode in {"cache": 0o660, "journal.json": 0o644, "lock": 0o600, "due": 0o400}.items():
        (private / name).touch()
        (private / name).chmod(mode)
    (private / "link").symlink_to(victim)
    private.chmod(0o2770)
    make_private(private, setting=STATE)
    modes = {entry.name: mode_of(entry) for entry in private.iterdir() if not entry.is_symlink()}
    assert modes == {"cache": 0o600, "journal.json": 0o600, "lock": 0o600, "due": 0o400}
    assert mode_of(private) == 0o700
    assert mode_of(victim) == 0o666


@needs_root
def test_private_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """78, with the owner and mode found and those needed."""
    private = tmp_path / "private"
    private.mkdir()
    private.chmod(0o770)
    os.chown(private, 12345, 23456)
    with pytest.raises(DirectoryRefused) as caught:
        make_private(private, setting=STATE)
    assert caught.value.exit_code == 78
    assert caught.value.message == (
        f"{STATE}: {private} cannot be kept private: found {private} with uid 12345, gid 23456, mode 0770; "
        "needed: a directory of uid 0, mode 0700"
    )


@pytest.mark.parametrize("kind", ["file", "link to a directory", "link to nothing"])
def test_something_else_in_the_place_of_the_private_directory_is_refused(tmp_path: Path, kind: str) -> None:
    """78: a link could lead the cache anywhere; a file is not ours to remove."""
    private = tmp_path / "private"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere").chmod(0o755)
    if kind == "file":
        private.touch()
    else:
        private.symlink_to("elsewhere" if kind.endswith("directory") else "nowhere")
    with pytest.raises(DirectoryRefused, match="needed: a directory of uid"):
        make_private(private, setting=STATE)
    assert mode_of(tmp_path / "elsewhere") == 0o755


@needs_root
def test_file_of_somebody_else_that_others_can_read_is_refused(anyones: Path) -> None:
    """78: its mode cannot be repaired by us."""
    private = anyones / "private"
    private.mkdir(mode=0o700)
    (private / "cache").touch()
    (private / "cache").chmod(0o644)
    os.chown(private, 1001, 1001)
    with acting_as(1001, 1001), pytest.raises(DirectoryRefused, match="cannot be made private") as caught:
        make_private(private, setting=STATE)
    assert "Operation not permitted" in caught.value.message
    assert "owned by uid 1001" in caught.value.advice


def test_what_was_found_is_told_even_if_nothing_was(tmp_path: Path) -> None:
    """The nearest existing directory is described, up to the root."""
    assert describe(tmp_path / "a" / "b").startswith(f"found {tmp_path} with uid {os.geteuid()}, gid ")
    assert describe(Path("/missing")).startswith("found / with uid ")


@needs_root
def test_place_that_may_not_be_looked_at_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path from a directory without search permission: nothing to describe, no error."""
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    with acting_as(1001, 1001):
        assert describe(Path("state")) == "nothing found"
