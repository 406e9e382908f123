"""The two directories: found, made where possible, kept apart, and repaired where needed."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from sidecar.errors import DirectoryError, DirectoryRefused

NOT_OURS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOTEMPTY)
"""Errors that say something of owner, mode or kind of a volume; others come of a disk, and pass."""


def prepare(path: Path, *, setting: str, mode: int) -> Path:
    """Resolve links and make the directory if its parent allows.

    :raises DirectoryError: it cannot be made or written (73)
    :raises DirectoryRefused: it is not a directory (78)
    """
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError) as error:
        raise DirectoryRefused(
            f"{setting}: the links of {path} lead nowhere", advice="Name a directory."
        ) from error
    try:
        resolved.mkdir(mode=mode, parents=True, exist_ok=True)
        read_only = os.statvfs(resolved).f_flag & os.ST_RDONLY
    except FileExistsError as error:
        raise DirectoryRefused(
            f"{setting}: {resolved} is not a directory", advice="Name a directory."
        ) from error
    except OSError as error:
        raise cannot_write(error, setting=setting, path=resolved) from error
    if read_only:
        raise cannot_write(OSError(errno.EROFS, "Read-only file system"), setting=setting, path=resolved)
    if not os.access(resolved, os.W_OK | os.X_OK):
        raise cannot_write(PermissionError(errno.EACCES, "Permission denied"), setting=setting, path=resolved)
    return resolved


def keep_apart(shown: Path, state_dir: Path, *, setting: str = "SIDECAR_TOKEN_DIR") -> None:
    """Refuse directories of which one is inside the other, also where one volume is mounted twice under
    two names: apps would see the refresh token. `shown` is what they see, or what is published of.

    :raises DirectoryRefused: they are nested or the same (78)
    """
    if _holds(shown, state_dir) or _holds(state_dir, shown):
        raise DirectoryRefused(
            f"{setting} ({shown}) and SIDECAR_STATE_DIR ({state_dir}) are nested",
            advice="Use two separate volumes: apps mount the first and must never see the second.",
        )


def _holds(outer: Path, inner: Path) -> bool:
    """Whether `inner` can be reached through `outer`, also by another mount of the same volume: device and
    path within the file system say where it would be (proc_pid_mountinfo(5)), and there it is.
    """
    if inner.is_relative_to(outer):
        return True
    try:
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()]
        (device, place), (inner_device, inner_place) = _place(outer, mounts), _place(inner, mounts)
        if device != inner_device or not inner_place.is_relative_to(place):
            return False
        return (outer / inner_place.relative_to(place)).samefile(inner)
    except (OSError, ValueError, LookupError):
        return False


def _place(path: Path, mounts: list[list[str]]) -> tuple[str, Path]:
    """Device and path within its file system; of mounts at one point the last one counts."""
    covering = [mount for mount in mounts if path.is_relative_to(_unescaped(mount[4]))]
    mount = max(reversed(covering), key=lambda found: len(found[4]))
    return mount[2], Path(_unescaped(mount[3]), path.relative_to(_unescaped(mount[4])))


def _unescaped(field: str) -> str:
    """Blanks and backslashes are octal there: `\\040`."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)


def make_private(path: Path, *, setting: str) -> Path:
    """Make our own subdirectory, mode 0700, and give it and its files back the modes they must have.

    A volume's root belongs to the platform, which may also have widened modes below it (fsGroup).

    :raises DirectoryError: it cannot be made or looked at (73)
    :raises DirectoryRefused: it belongs to somebody else or cannot be made private (78)
    """
    try:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        raise cannot_write(error, setting=setting, path=path) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise DirectoryRefused(
            f"{setting}: {path} cannot be kept private: {describe(path)}; "
            f"needed: a directory of uid {os.geteuid()}, mode 0700",
            advice="Remove it, or run with the uid that owns it.",
        )
    try:
        if stat.S_IMODE(found.st_mode) != 0o700:
            path.chmod(0o700)
        for entry in list(os.scandir(path)):
            with suppress(FileNotFoundError):  # another role is at work there too
                _keep_private(Path(entry.path), setting=setting)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise _unkempt(error, path, setting=setting) from error
    if mode & 0o077:
        raise DirectoryRefused(
            f"{setting}: {path} stays open to others ({describe(path)}) although set to 0700",
            advice="Use a volume of a file system that keeps modes.",
        )
    return path


def _keep_private(path: Path, *, setting: str) -> None:
    """Narrow a file of ours. What somebody put there while the directory was open to others is removed if
    it holds nothing (links, FIFOs, sockets, devices, empty directories), and refused otherwise.
    """
    found = path.lstat()
    try:
        if stat.S_ISDIR(found.st_mode):
            path.rmdir()
        elif not stat.S_ISREG(found.st_mode):
            path.unlink()
        elif found.st_uid != os.geteuid():
            raise _not_private(path, setting=setting, reason=os.strerror(errno.EPERM))
        elif stat.S_IMODE(found.st_mode) & 0o077:
            path.chmod(0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unkempt(error, path, setting=setting) from error


def _unkempt(error: OSError, path: Path, *, setting: str) -> DirectoryError | DirectoryRefused:
    """A disk may err for a moment; what belongs to somebody else stays so."""
    if error.errno not in NOT_OURS:
        return cannot_write(error, setting=setting, path=path)
    return _not_private(path, setting=setting, reason=error.strerror)


def _not_private(path: Path, *, setting: str, reason: str | None) -> DirectoryRefused:
    return DirectoryRefused(
        f"{setting}: {path} cannot be made private ({reason}): {describe(path)}",
        advice="Remove it if it is not ours. The directory has to be mode 0700 and all in it plain files of "
        f"mode 0600, owned by uid {os.geteuid()}.",
    )


def cannot_write(error: OSError, *, setting: str, path: Path) -> DirectoryError:
    """The error for a directory that could not be written, with what was found and what is needed."""
    if obstacle := _obstacle(error):
        return DirectoryError(
            f"{setting}: cannot write {path}: {error.strerror}; in the way is {_described(obstacle)}; "
            f"running as uid {os.geteuid()}, gid {os.getegid()}",
            advice="Remove it, and mount the directory so that nobody else writes there.",
        )
    advice = {
        errno.ENOSPC: "Free or enlarge the volume; it heals by itself then.",
        errno.EDQUOT: "Raise the quota; it heals by itself then.",
        errno.EROFS: "Mount the volume writable for this container.",
    }
    if setting == "SIDECAR_TOKEN_DIR":
        advice[errno.EPERM] = (
            "The group of SIDECAR_TOKEN_GROUP has to be one of this process's groups: supplementalGroups in "
            "Kubernetes, --group-add in docker."
        )
    told = advice.get(
        error.errno or 0,
        f"It has to be writable for uid {os.geteuid()}, gid {os.getegid()}: in Kubernetes set "
        "runAsUser, or fsGroup on the pod; elsewhere chown the volume.",
    )
    return DirectoryError(
        f"{setting}: cannot write {path}: {error.strerror}; {describe(path)}; "
        f"running as uid {os.geteuid()}, gid {os.getegid()}",
        advice=told,
    )


def describe(path: Path) -> str:
    """Owner and mode of the nearest existing directory: `found uid 0, gid 0, mode 0755`."""
    while True:
        try:
            found = path.stat()
        except OSError:
            if path == path.parent:
                return "nothing found"
            path = path.parent
            continue
        return f"found {_described(path, found)}"


def _described(path: Path, found: os.stat_result | None = None) -> str:
    found = found or path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    return f"{path} with uid {found.st_uid}, gid {found.st_gid}, mode {mode:04o}"


def _obstacle(error: OSError) -> Path | None:
    """What an operation failed on, if it is somebody else's or no file: not if the volume was the reason."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return None
    for name in (error.filename2, error.filename):
        with suppress(OSError, TypeError):
            found = Path(name).lstat()
            if found.st_uid != os.geteuid() or error.errno in (errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST):
                return Path(name)
    return None
