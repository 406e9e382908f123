"""The roots of volumes as platforms make them, and what they do to them between two turns."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.torture.access.users import APP, OTHER_GROUP, PLATFORM, SIDECAR, VOLUME_GROUP

_ACL_VERSION = 2  # linux/posix_acl_xattr.h
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NO_ID = 0xFFFFFFFF


@dataclass(frozen=True)
class Root:
    """Owner and mode of a volume's root; `listed`: its default ACL lets everybody do everything."""

    name: str
    mode: int
    uid: int = PLATFORM
    gid: int = PLATFORM
    listed: bool = False

    def apply(self, path: Path) -> None:
        """Make `path` such a root."""
        os.chown(path, self.uid, self.gid)
        path.chmod(self.mode)
        if self.listed:
            os.setxattr(path, "system.posix_acl_default", open_acl())


ROOTS = (
    Root("its own", 0o755, SIDECAR.uid, SIDECAR.gid),
    Root("an emptyDir", 0o777),
    Root("an emptyDir with fsGroup", 0o2777, PLATFORM, VOLUME_GROUP),
    Root("sticky", 0o1777),
    Root("sticky with setgid", 0o3777, PLATFORM, VOLUME_GROUP),
    Root("an app's", 0o777, APP.uid, APP.gid),
    Root("a group's", 0o2775, APP.uid, VOLUME_GROUP),
    Root("with a default ACL", 0o777, listed=True),
)


def open_acl() -> bytes:
    """An ACL that gives everything to everybody, and to an app's user and another group by name."""
    everything = 0o7
    entries = [
        (_USER_OBJ, _NO_ID),
        (_USER, APP.uid),
        (_GROUP_OBJ, _NO_ID),
        (_GROUP, OTHER_GROUP),
        (_MASK, _NO_ID),
        (_OTHER, _NO_ID),
    ]
    packed = (struct.pack("<HHI", tag, everything, number) for tag, number in entries)
    return struct.pack("<I", _ACL_VERSION) + b"".join(packed)


def tree(path: Path) -> list[Path]:
    """Everything below, the directory itself included; links are not followed."""
    found = [path]
    for folder, folders, files in os.walk(path):
        found += [Path(folder, name) for name in (*folders, *files)]
    return found


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The plain files among them."""
    return [path for path in paths if stat.S_ISREG(path.lstat().st_mode)]


def folders_of(paths: Iterable[Path]) -> list[Path]:
    """The directories among them."""
    return [path for path in paths if stat.S_ISDIR(path.lstat().st_mode)]


def _fs_group(path: Path) -> None:
    os.chown(path, -1, VOLUME_GROUP)
    _add(path, 0o660, 0o2770)


def _everybody(path: Path) -> None:
    _add(path, 0o666, 0o777)


def _executable(path: Path) -> None:
    path.chmod(0o777)


def _listed(path: Path) -> None:
    os.setxattr(path, "system.posix_acl_access", open_acl())


def _only_readable(path: Path) -> None:
    _add(path, 0o004, 0o005)


def _add(path: Path, to_file: int, to_folder: int) -> None:
    found = path.stat().st_mode
    path.chmod(stat.S_IMODE(found) | (to_folder if stat.S_ISDIR(found) else to_file))


WIDENINGS: dict[str, Callable[[Path], None]] = {
    "fsGroup: chown :group, chmod g+rwX,g+s": _fs_group,
    "chmod a+rwX": _everybody,
    "chmod 0777": _executable,
    "chmod o+rX": _only_readable,
    "an ACL for an app's user": _listed,
}
"""What is done to every file and directory of a volume."""


def widen(path: Path, how: Callable[[Path], None]) -> None:
    """Do it to the whole volume, links left alone."""
    for each in tree(path):
        if not each.is_symlink():
            how(each)
