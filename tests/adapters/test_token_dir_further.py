"""Further files of a generation: formats and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.adapters.token_dir import Access, TokenDirectory
from tests.adapters.token_documents import after, current, document, generations, mode_and_group, names_in

FURTHER = {"header": "h\n", "graph/header": "g\n", "nginx.conf": "ä {{"}
DOCUMENTS = {"": document(1), "graph": document(2)}


@pytest.fixture
def directory(tmp_path: Path) -> TokenDirectory:
    """Holds one generation with further files."""
    made = TokenDirectory(tmp_path, Access(0o600))
    made.publish(DOCUMENTS, at=after(0), further=FURTHER)
    return made


def test_further_files_are_of_the_same_generation(directory: TokenDirectory) -> None:
    """Beside each token and at the root, with its mode, through links as the others."""
    for path, text in FURTHER.items():
        file = directory.path / path
        assert file.read_text() == text
        assert file.resolve() == current(directory.path) / path
        assert mode_and_group(file)[0] == 0o600
    assert (directory.path / "nginx.conf").readlink() == Path("..data/nginx.conf")
    assert directory.published() == DOCUMENTS


def test_token_is_the_last_link_made(tmp_path: Path) -> None:
    """Who waits for `token` finds the further files too."""

    class Watched(TokenDirectory):
        made: list[str]

        def _point(self, name: str, target: str) -> None:
            self.made = [*getattr(self, "made", []), name]
            super()._point(name, target)

    watched = Watched(tmp_path, Access())
    watched.publish(DOCUMENTS, at=after(0), further=FURTHER)
    assert watched.made[0] == "..data"
    assert watched.made[-1] == "token"
    assert set(watched.made[1:]) >= {"header", "nginx.conf", "graph"}


def test_same_files_are_not_published_again(directory: TokenDirectory) -> None:
    """By another process too."""
    assert TokenDirectory(directory.path, Access(0o600)).mend(DOCUMENTS, further=FURTHER)


@pytest.mark.parametrize(
    "further",
    [
        {},
        {**FURTHER, "env": "e"},
        {**FURTHER, "graph/env": "e"},
        {**FURTHER, "header": "H\n"},
        {**FURTHER, "nginx.conf": "longer than it was"},
        {name: text for name, text in FURTHER.items() if name != "graph/header"},
    ],
    ids=["none", "one more", "one more below", "changed", "longer", "one fewer below"],
)
def test_any_other_files_are_a_new_generation(directory: TokenDirectory, further: dict[str, str]) -> None:
    """And what is no longer among them goes, with its link."""
    later = TokenDirectory(directory.path, Access(0o600))
    assert not later.mend(DOCUMENTS, further=further)
    later.publish(DOCUMENTS, at=after(1), further=further)
    assert later.mend(DOCUMENTS, further=further)
    root = {name for name in further if "/" not in name}
    ours = {"..data", "token", "token.json", "expires_on", "graph"}
    assert names_in(directory.path) == ours | root | generations(directory.path)
    assert names_in(directory.path / "graph") - {"token", "token.json", "expires_on"} == {
        name.removeprefix("graph/") for name in further if name.startswith("graph/")
    }


@pytest.mark.parametrize("damage", ["token", "header", "graph/expires_on"])
def test_damaged_file_is_seen(directory: TokenDirectory, damage: str) -> None:
    """Of the same length, gone, or something else: the next turn publishes anew."""
    file = current(directory.path) / damage
    length = file.stat().st_size
    file.write_bytes(b"x" * length)
    assert not directory.mend(DOCUMENTS, further=FURTHER)
    file.unlink()
    assert not directory.mend(DOCUMENTS, further=FURTHER)
    file.symlink_to("/etc/hostname")
    assert not directory.mend(DOCUMENTS, further=FURTHER)


def test_link_that_is_missing_is_mended(directory: TokenDirectory) -> None:
    """As those of the tokens are."""
    (directory.path / "nginx.conf").unlink()
    assert directory.mend(DOCUMENTS, further=FURTHER)
    assert (directory.path / "nginx.conf").read_text() == FURTHER["nginx.conf"]


def test_templates_can_be_read_back(directory: TokenDirectory) -> None:
    """Those at the root alone, and no file of a token or of a format."""
    assert directory.further() == {"nginx.conf": FURTHER["nginx.conf"]}


def test_withdrawal_takes_further_files_too(directory: TokenDirectory) -> None:
    """They hold the token."""
    directory.withdraw()
    assert names_in(directory.path) == set()
