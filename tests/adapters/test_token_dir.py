"""What apps find in the token directory."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.schedule import Anchor
from tests.adapters.token_documents import (
    NOW,
    after,
    current,
    document,
    generations,
    mode_and_group,
    names_in,
)
from tests.posix.identities import umask

LINKS = {"token", "token.json", "expires_on"}


@pytest.fixture
def directory(tmp_path: Path) -> TokenDirectory:
    """Empty, default access."""
    return TokenDirectory(tmp_path, Access())


def test_app_finds_the_three_files(directory: TokenDirectory) -> None:
    """The bare token without a newline, the whole document, and the expiry as a line for the shell."""
    directory.publish({"": document(7)}, at=after(0))
    path = directory.path
    assert (path / "token").read_text() == document(7)["access_token"]
    assert json.loads((path / "token.json").read_text()) == document(7)
    assert (path / "expires_on").read_text() == f"{int(NOW) + 7}\n"


def test_layout_is_the_kubelets(directory: TokenDirectory) -> None:
    """Every name leads through `..data` into one hidden directory, named by its instant in UTC."""
    directory.publish({"": document()}, at=after(0))
    path = directory.path
    assert {(path / name).readlink() for name in LINKS} == {Path("..data", name) for name in LINKS}
    assert re.fullmatch(r"\.\.2026_09_21_14_13_20\.\d{12}", str((path / "..data").readlink()))
    assert names_in(path) == LINKS | {"..data"} | generations(path)
    assert len(generations(path)) == 1


def test_further_tokens_have_the_same_files_in_a_directory_of_their_name(directory: TokenDirectory) -> None:
    """`graph/token` and so on, in the same generation as the unnamed token."""
    directory.publish({"": document(1), "graph": document(2), "vault": document(3)}, at=after(0))
    for name, serial in {"graph": 2, "vault": 3}.items():
        folder = directory.path / name
        assert names_in(folder) == LINKS
        assert (folder / "token").read_text() == document(serial)["access_token"]
        assert folder.resolve().parent == current(directory.path)
    assert (directory.path / "graph").readlink() == Path("..data/graph")


def test_named_tokens_alone_are_enough(directory: TokenDirectory) -> None:
    """Without an unnamed token there is no `token` at the root."""
    directory.publish({"graph": document()}, at=after(0))
    assert names_in(directory.path) == {"graph", "..data"} | generations(directory.path)


def test_what_is_published_can_be_read_back(directory: TokenDirectory) -> None:
    """By token name; this is how the next turn knows what readers see."""
    assert directory.published() == {}
    documents = {"": document(1), "graph": document(2)}
    directory.publish(documents, at=after(0))
    assert directory.published() == documents


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "\ud800", "[" * 100_000, None])
def test_unreadable_document_counts_as_not_published(directory: TokenDirectory, content: str | None) -> None:
    """Somebody damaged or removed one `token.json`: the other tokens are still known."""
    directory.publish({"": document(1), "graph": document(2)}, at=after(0))
    damaged = current(directory.path) / "graph" / "token.json"
    if content is None:
        damaged.unlink()
    else:
        damaged.write_bytes(content.encode(errors="surrogatepass"))
    assert directory.published() == {"": document(1)}


@pytest.mark.parametrize(
    ("mode", "directory_mode"), [(0o640, 0o750), (0o600, 0o700), (0o644, 0o755), (0o440, 0o750)]
)
@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_whoever_may_read_a_file_may_enter_its_directory(
    tmp_path: Path, mode: int, directory_mode: int, mask: int
) -> None:
    """Modes follow the setting whatever the umask; nobody but the owner can write."""
    with umask(mask):
        TokenDirectory(tmp_path, Access(mode)).publish({"": document(), "graph": document()}, at=after(0))
    files = [tmp_path / folder / name for folder in ("", "graph") for name in LINKS]
    assert {mode_and_group(file)[0] for file in files} == {mode}
    folders = [current(tmp_path), current(tmp_path) / "graph"]
    assert {mode_and_group(folder)[0] for folder in folders} == {directory_mode}


def test_default_is_0640_in_0750(directory: TokenDirectory) -> None:
    """Owner and group, nobody else."""
    directory.publish({"": document()}, at=after(0))
    assert mode_and_group(directory.path / "token")[0] == 0o640
    assert mode_and_group(current(directory.path))[0] == 0o750


def test_root_of_the_mount_is_left_as_it_is(directory: TokenDirectory) -> None:
    """It belongs to the platform."""
    directory.path.chmod(0o2777)
    before = mode_and_group(directory.path)
    directory.publish({"": document()}, at=after(0))
    assert mode_and_group(directory.path) == before


def test_next_publication_leaves_the_links_alone(directory: TokenDirectory) -> None:
    """Only `..data` moves: one rename, one event for watchers."""
    directory.publish({"": document(1), "graph": document(1)}, at=after(0))
    links = [directory.path / name for name in (*LINKS, "graph")]
    before = [link.lstat().st_ino for link in links]
    directory.publish({"": document(2), "graph": document(2)}, at=after(1))
    assert [link.lstat().st_ino for link in links] == before
    assert (directory.path / "graph" / "token").read_text() == document(2)["access_token"]


@pytest.mark.parametrize("same_process", [True, False])
def test_token_that_is_no_longer_wanted_disappears(directory: TokenDirectory, same_process: bool) -> None:
    """With its name, named or not, in the same turn; foreign files stay."""
    (directory.path / "lost+found").mkdir()
    (directory.path / "foreign").symlink_to("elsewhere")
    directory.publish({"": document(1), "graph": document(1)}, at=after(0))
    later = directory if same_process else TokenDirectory(directory.path, Access())
    later.publish({"graph": document(2)}, at=after(1))
    rest = {"graph", "..data", "lost+found", "foreign"}
    assert names_in(directory.path) == rest | generations(directory.path)
    later.publish({"": document(3)}, at=after(2))
    assert not (directory.path / "graph").is_symlink()
    assert later.published() == {"": document(3)}


def test_link_that_somebody_removed_comes_back(directory: TokenDirectory) -> None:
    """The next publication restores it, even in the same process."""
    directory.publish({"": document(1)}, at=after(0))
    (directory.path / "token").unlink()
    directory.publish({"": document(2)}, at=after(1))
    assert (directory.path / "token").read_text() == document(2)["access_token"]


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_foreign_file_in_the_way_of_a_link_is_replaced(directory: TokenDirectory, kind: str) -> None:
    """`token` is our name: apps must not read what somebody else left there."""
    (directory.path / "mine").write_text("mine")
    if kind == "file":
        (directory.path / "token").write_text("stale")
    else:
        (directory.path / "token").symlink_to("mine" if kind == "link" else "nowhere")
    directory.publish({"": document()}, at=after(0))
    assert (directory.path / "token").read_text() == document()["access_token"]
    assert (directory.path / "mine").read_text() == "mine"


def test_foreign_directory_in_the_way_is_an_error_that_heals(directory: TokenDirectory) -> None:
    """It may hold somebody's files, so it stays; the error is told, and nothing is left aside."""
    (directory.path / "token" / "foreign").mkdir(parents=True)
    with pytest.raises(OSError, match="not empty"):
        directory.publish({"": document()}, at=after(0))
    assert names_in(directory.path) == LINKS | {"..data"} | generations(directory.path)
    (directory.path / "token" / "foreign").rmdir()
    directory.publish({"": document()}, at=after(0))
    assert (directory.path / "token").read_text() == document()["access_token"]


def test_withdrawn_token_is_gone_at_once(directory: TokenDirectory) -> None:
    """No name, no generation, no grace time; foreign files stay, and publishing works again."""
    (directory.path / "foreign").touch()
    directory.publish({"": document(1), "graph": document(1)}, at=after(0))
    directory.publish({"": document(2), "graph": document(2)}, at=after(1))
    directory.withdraw()
    assert names_in(directory.path) == {"foreign"}
    directory.withdraw()
    directory.publish({"": document(3)}, at=after(2))
    assert directory.published() == {"": document(3)}


def test_rehearsal_leaves_no_trace(directory: TokenDirectory) -> None:
    """It writes as a publication would, over a crash's leftovers too, and removes what it wrote."""
    (directory.path / "..new").mkdir()
    (directory.path / "..new" / "token").touch()
    directory.rehearse()
    assert names_in(directory.path) == set()


def test_superseded_generation_stays_a_minute(directory: TokenDirectory) -> None:
    """From its replacement, however old it was by then; after that the next publication removes it."""
    directory.publish({"": document(1)}, at=after(0))
    first = current(directory.path)
    directory.publish({"": document(2)}, at=after(3000))
    second = current(directory.path)
    directory.publish({"": document(3)}, at=after(3059.9))
    assert first.is_dir()
    directory.publish({"": document(4)}, at=after(3070))
    assert not first.exists()
    assert second.is_dir()
    assert (second / "token").read_text() == document(2)["access_token"]


def test_one_superseded_generation_is_always_kept(directory: TokenDirectory) -> None:
    """A reader that resolved `..data` just before the swap still finds its files."""
    for serial in range(5):
        before = current(directory.path) if serial else None
        directory.publish({"": document(serial)}, at=after(serial * 3000))
        kept = {before.name, current(directory.path).name} if before else {current(directory.path).name}
        assert generations(directory.path) == kept


@pytest.mark.parametrize("leap", [-9000, 9000, 86400 * 3650])
def test_leap_of_the_wall_clock_changes_nothing_for_slow_readers(
    directory: TokenDirectory, leap: float
) -> None:
    """Superseded before the leap: kept for its minute, removed after it, and publishing goes on."""
    directory.publish({"": document(1)}, at=after(0))
    first = current(directory.path)
    directory.publish({"": document(2)}, at=after(3000))
    second = current(directory.path)
    directory.publish({"": document(3)}, at=after(3050, leapt=leap))
    assert first.is_dir()
    directory.publish({"": document(4)}, at=after(3061, leapt=leap))
    assert not first.exists()
    assert second.is_dir()
    assert directory.published() == {"": document(4)}


def test_generations_of_another_boot_go_at_once(directory: TokenDirectory) -> None:
    """Their readers are gone; the boot clock has begun anew. The last one is kept as ever."""
    directory.publish({"": document(1)}, at=after(0))
    first = current(directory.path)
    directory.publish({"": document(2)}, at=after(10))
    second = current(directory.path)
    TokenDirectory(directory.path, Access()).publish({"": document(3)}, at=Anchor(NOW + 90, 40.0, "next"))
    assert not first.exists()
    assert second.is_dir()
    assert directory.published() == {"": document(3)}


def test_leftovers_of_a_killed_publication_are_swept(directory: TokenDirectory) -> None:
    """Half a generation, a link aside, and a whole generation that was never linked: no reader has them."""
    directory.publish({"": document(1)}, at=after(0))
    path = directory.path
    (path / "..new" / "graph").mkdir(parents=True)
    (path / "..link").symlink_to("..data/token")
    (path / "..2026_09_21_14_00_00.000000000000").mkdir()
    (path / "..data_of_somebody").touch()
    TokenDirectory(path, Access()).publish({"": document(2)}, at=after(1))
    assert len(generations(path) - {"..data_of_somebody"}) == 2
    assert names_in(path) == LINKS | {"..data"} | generations(path)


def test_pointer_to_nowhere_is_replaced(directory: TokenDirectory) -> None:
    """Somebody emptied the volume but for the links: nothing is published, the next turn heals it."""
    (directory.path / "..data").symlink_to("..2020_01_01_00_00_00.000000000000")
    assert directory.published() == {}
    directory.publish({"": document()}, at=after(0))
    assert directory.published() == {"": document()}
