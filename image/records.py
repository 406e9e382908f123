"""Brings the packages' RECORDs into agreement with what is left of them.

`records.py DIRECTORY`. A RECORD names each installed file with its hash and length (PyPA specifications,
"Recording installed projects"); whoever verifies an installation, or asks which package a file is of, reads
it. Files that were dropped leave it, and what was stripped or linked gets its present hash.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from pathlib import Path


def row(directory: Path, name: str, told: str) -> tuple[str, str, str]:
    """What RECORD says of a file; one without a hash, as RECORD itself, stays so."""
    if not told:
        return name, "", ""
    target = directory / name
    # A link points at where the image will have the file, which is here as well.
    content = target.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return name, f"sha256={digest}", str(len(content))


def mend(directory: Path, record: Path) -> None:
    """One RECORD, in its order."""
    with record.open(newline="", encoding="utf-8") as file:
        rows = [
            row(directory, name, told) for name, told, _ in csv.reader(file) if (directory / name).exists()
        ]
    with record.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    for found in sorted(Path(sys.argv[1]).glob("*.dist-info/RECORD")):
        mend(Path(sys.argv[1]), found)
