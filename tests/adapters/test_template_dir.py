"""The directory of templates, as people and the kubelet make it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.adapters.template_dir import MAX_BYTES, MAX_FILES, read_templates
from sidecar.errors import ConfigurationError


def test_every_file_is_a_template(tmp_path: Path) -> None:
    """By its name, dot files too; bytes of a line's end stay as they are."""
    (tmp_path / ".npmrc").write_text("a")
    (tmp_path / "nginx.conf").write_bytes(b"b\r\n")
    (tmp_path / "lost+found").mkdir()
    assert read_templates(tmp_path) == {".npmrc": "a", "nginx.conf": "b\r\n"}


def test_mount_of_a_config_map_is_read(tmp_path: Path) -> None:
    """Through one resolution of `..data`: the name of a key that is gone is removed after the swap."""
    generation = tmp_path / "..2026_01_01_00_00_00.1"
    generation.mkdir()
    (generation / "nginx.conf").write_text("new")
    (tmp_path / "..data").symlink_to(generation.name)
    for name in ("nginx.conf", "gone"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert read_templates(tmp_path) == {"nginx.conf": "new"}


def test_link_is_not_followed(tmp_path: Path) -> None:
    """Who may write here may be somebody who cannot read the refresh token."""
    secret, folder = tmp_path / "secret", tmp_path / "templates"
    secret.mkdir()
    (secret / "cache").write_text("a refresh token")
    folder.mkdir()
    (folder / "conf").symlink_to(secret / "cache")
    assert "conf: is a link" in refusal(folder)
    (folder / "conf").unlink()
    (folder / "..data").symlink_to(secret)
    assert "its ..data leads out of it" in refusal(folder)


def test_directory_may_be_empty(tmp_path: Path) -> None:
    """An optional ConfigMap that is not there is mounted as an empty directory."""
    assert read_templates(tmp_path) == {}


def refusal(path: Path) -> str:
    """Why it is refused."""
    with pytest.raises(ConfigurationError) as refused:
        read_templates(path)
    assert refused.value.exit_code == 78
    return refused.value.message


def test_what_is_no_template_is_told(tmp_path: Path) -> None:
    """Which file, and why; a FIFO holds nobody up."""
    file = tmp_path / "conf"
    file.mkdir()
    assert refusal(tmp_path) == f"SIDECAR_TEMPLATE_DIR: {file}: is no plain file"
    file.rmdir()
    os.mkfifo(file)
    assert "is no plain file" in refusal(tmp_path)
    file.unlink()
    file.write_bytes(b"a\nb\xff")
    assert "conf: line 2: is not UTF-8" in refusal(tmp_path)
    file.write_bytes(b"x" * MAX_BYTES)
    assert len(read_templates(tmp_path)["conf"]) == MAX_BYTES
    file.write_bytes(b"x" * (MAX_BYTES + 1))
    assert "is longer than 64 KiB" in refusal(tmp_path)
    file.rename(tmp_path / "nginx.conf~")
    assert "a name has letters, digits and" in refusal(tmp_path)


def test_number_of_templates_is_bounded(tmp_path: Path) -> None:
    """Each is written anew with every generation."""
    for number in range(MAX_FILES):
        (tmp_path / f"file{number}").touch()
    assert len(read_templates(tmp_path)) == MAX_FILES
    (tmp_path / "one-more").touch()
    assert "holds 65 files; 64 are the most" in refusal(tmp_path)


def test_directory_that_is_none_is_told(tmp_path: Path) -> None:
    """Missing, or a file."""
    assert "No such file" in refusal(tmp_path / "missing")
    (tmp_path / "file").touch()
    assert "Not a directory" in refusal(tmp_path / "file")
    (tmp_path / "nowhere").symlink_to("missing")
    assert "No such file" in refusal(tmp_path / "nowhere")
