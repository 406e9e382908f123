"""The directory of templates, which may be a ConfigMap that the kubelet swaps while it is read.

Who writes there need not be able to read what we can: a link to the refresh token would have it published.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sidecar.errors import ConfigurationError
from sidecar.posix.files import read_given

SETTING = "SIDECAR_TEMPLATE_DIR"
MAX_FILES = 64
MAX_BYTES = 64 << 10
TRIES = 3

_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
"""As the keys of a ConfigMap."""

_NOT_OURS = frozenset({"lost+found"})


def read_templates(path: Path) -> dict[str, str]:
    """The text of every file by name. What begins with `..` is the kubelet's.

    :raises ConfigurationError: it cannot be read, or holds something that is no template
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _read(path)
        except FileNotFoundError as error:  # swapped meanwhile: the next look finds the new files
            if not tries_left:
                raise _refused(path, error.strerror) from error
        except OSError as error:
            raise _refused(path, error.strerror) from error
    raise AssertionError("the last try returns or raises")


def _read(path: Path) -> dict[str, str]:
    """A mount of the kubelet's is read through one resolution of `..data`, so that the files agree: what is
    behind it are files, as they are in a directory of a person's.
    """
    data = path / "..data"
    folder = (data if data.is_dir() else path).resolve(strict=True)
    if data.is_dir() and folder.parent != path.resolve():
        raise _refused(path, "its ..data leads out of it")
    names = sorted(entry.name for entry in os.scandir(folder))
    names = [name for name in names if not name.startswith("..") and name not in _NOT_OURS]
    if len(names) > MAX_FILES:
        raise _refused(path, f"holds {len(names)} files; {MAX_FILES} are the most")
    for name in names:
        if not _NAME.fullmatch(name):
            raise _refused(path, f"{name!a}: a name has letters, digits and `._-`")
    return {name: _text(folder / name, shown=path / name) for name in names}


def _text(file: Path, *, shown: Path) -> str:
    try:
        content = read_given(file, most=MAX_BYTES, follow=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(shown, error.strerror) from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(shown, f"line {line}: is not UTF-8") from error


def _refused(path: Path, why: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"{SETTING}: {path}: {why}", advice="docs/formats.md says what a template can be."
    )
