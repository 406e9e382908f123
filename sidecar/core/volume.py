"""What `doctor` thinks of a directory, from what was found there."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.core.checkup import Check, Outcome

SCARCE_BYTES = 1 << 20
SCARCE_INODES = 100


@dataclass(frozen=True)
class Volume:
    """A directory as this process finds it. `nearest` is the directory itself, or what there is of the way
    to it; all the rest is of `nearest`. `free_inodes` is None where they are not counted.
    """

    path: str
    nearest: str
    exists: bool
    is_directory: bool
    mode: int
    uid: int
    gid: int
    free_bytes: int
    free_inodes: int | None
    read_only: bool
    reachable: bool
    """Whether this process may write and enter `nearest`."""


@dataclass(frozen=True)
class Access:
    """The tokens' mode and group as they will be; `owner` is this process."""

    mode: int
    group: int
    owner: int


def judge_volume(name: str, volume: Volume, *, setting: str, uid: int, gid: int) -> Check:
    """Whether there is, or can be made, a directory with room in it."""
    fix_owner = (
        f"Let uid {uid}, gid {gid} write there: in Kubernetes set runAsUser, or fsGroup on the pod; "
        "elsewhere chown the volume."
    )
    if not volume.is_directory:
        return Check(
            name, Outcome.FAIL, f"{volume.nearest} is not a directory", f"Name a directory in {setting}."
        )
    if volume.read_only:
        return Check(
            name,
            Outcome.FAIL,
            f"{volume.nearest} is on a read-only file system",
            "Mount the volume writable for this container.",
        )
    found = f"uid {volume.uid}, gid {volume.gid}, mode {volume.mode:04o}"
    if not volume.reachable:
        what = volume.path if volume.exists else f"{volume.path} is missing, and {volume.nearest}"
        return Check(name, Outcome.FAIL, f"{what} cannot be written ({found})", fix_owner)
    if volume.free_bytes == 0 or volume.free_inodes == 0:
        return Check(name, Outcome.FAIL, f"{volume.path} is full", "Free or enlarge the volume.")
    where = f"{volume.path} ({found})" if volume.exists else f"{volume.path} is not there and can be made"
    room = f"{room_words(volume.free_bytes)} free"
    if volume.free_bytes < SCARCE_BYTES or (volume.free_inodes or SCARCE_INODES) < SCARCE_INODES:
        inodes = "" if volume.free_inodes is None else f" and {volume.free_inodes} inodes"
        return Check(name, Outcome.WARN, f"{where}, only {room}{inodes}", "Enlarge the volume.")
    return Check(name, Outcome.PASS, f"{where}, {room}")


def judge_readers(volume: Volume, access: Access) -> Check:
    """Who can read the tokens. The way into a volume is its root's mode; what is above it is mounted
    elsewhere for apps.
    """
    others, group = bool(access.mode & 0o004), bool(access.mode & 0o040)
    who = "every user" if others else f"uid {access.owner}" + (f" and group {access.group}" if group else "")
    seen = f"{who} can read (mode {access.mode:04o})"
    if not volume.exists:
        return Check("readers", Outcome.PASS, seen)
    enters = volume.mode & 0o001 or (
        not others and group and volume.mode & 0o010 and volume.gid == access.group
    )
    if (others or group) and not enters:
        admitted = f"group {volume.gid}" if volume.mode & 0o010 else f"uid {volume.uid}"
        return Check(
            "readers",
            Outcome.WARN,
            f"{seen}, but the directory lets only {admitted} in (mode {volume.mode:04o})",
            "Let apps run as that user or group, or chmod o+x the directory.",
        )
    if others:
        return Check("readers", Outcome.WARN, seen, "0640 and a group keep the tokens to the apps.")
    if group and access.group == 0:
        return Check(
            "readers",
            Outcome.WARN,
            f"{seen}: only apps of group 0",
            "Set SIDECAR_TOKEN_GROUP to a group of the apps, or fsGroup on the pod.",
        )
    return Check("readers", Outcome.PASS, f"{seen}; apps run as that user or with that group")


def room_words(size: int) -> str:
    """64 KiB, 12 MiB, 3 GiB."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size // 1024} KiB"
