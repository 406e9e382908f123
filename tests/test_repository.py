"""What the repository says of itself, held against what it is."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from sidecar import __version__
from sidecar.core.advice import BY_NUMBER
from sidecar.core.entra_errors import anchor
from sidecar.core.events import EVENTS
from sidecar.declarations import SETTINGS, SHELL_TOO
from sidecar.errors import ERROR_PAGE, EXIT_CODES, SidecarError
from tests.errors_page import ERRORS, errors_page, kinds
from tests.readme import INTERFACES, README, SERVE, filled, tables

ROOT = Path(__file__).parents[1]


def sources(*folders: str) -> dict[Path, str]:
    """Every Python file below these folders."""
    return {path: path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")}


@pytest.mark.parametrize("document", [README, INTERFACES, SERVE], ids=lambda path: path.name)
def test_tables_are_those_of_the_code(document: Path) -> None:
    """Settings, exit codes, events, checks and metrics: `make docs` writes all that is declared."""
    assert filled(document.read_text()) == document.read_text()
    written = README.read_text() + INTERFACES.read_text() + SERVE.read_text()
    assert all(f"<!-- {name}: begin -->" in written for name in tables())


def test_errors_page_is_that_of_the_code() -> None:
    """docs/errors.md: `make docs` writes what the table and the classes say."""
    assert ERRORS.read_text() == errors_page()


def test_every_link_to_the_errors_page_leads_somewhere() -> None:
    """What the log, the README and the page itself point at is there, once."""
    anchors = re.findall(r'<a id="([\w-]+)">', ERRORS.read_text())
    assert len(anchors) == len(set(anchors))
    pages = [README, *(ROOT / "docs").rglob("*.md")]
    told = "".join(path.read_text() for path in pages) + "".join(sources("sidecar").values())
    logged = {anchor(number) for number in BY_NUMBER} | {f"{ERROR_PAGE}#{kind.anchor()}" for kind in kinds()}
    linked = set(re.findall(r"errors\.md#([\w-]+)", told + " ".join(logged)))
    linked |= set(re.findall(r"\(#([\w-]+)\)", ERRORS.read_text()))
    assert linked <= set(anchors)


def test_every_exit_code_of_an_error_is_documented() -> None:
    """No class ends the program with a number that the README does not know."""

    def family(kind: type[SidecarError]) -> set[int]:
        return {kind.exit_code}.union(*(family(child) for child in kind.__subclasses__()))

    assert family(SidecarError) <= set(EXIT_CODES)


def test_every_declared_event_is_used() -> None:
    """An event nobody logs is a promise nobody keeps."""
    declaring = ("events.py", "event_fields.py")
    code = "".join(text for path, text in sources("sidecar").items() if path.name not in declaring)
    roles = {"signin.failed", "refresh.failed"}
    assert [name for name in EVENTS if f'"{name}"' not in code and name not in roles] == []


def test_readme_names_only_settings_that_exist() -> None:
    """A variable in the README that the code does not know would be a lie or a typo."""
    known = {setting.name for setting in SETTINGS}
    assert set(re.findall(r"\b(?:SIDECAR|AZURE)_[A-Z_]+\b", README.read_text())) <= known


def test_shell_reads_the_settings_that_are_environment_only() -> None:
    """What sh reads too has the same default there, and cannot be a flag."""
    script = (ROOT / "entrypoint.sh").read_text()
    assert set(re.findall(r"\bSIDECAR_[A-Z_]+\b", script)) == SHELL_TOO
    for setting in SETTINGS:
        if setting.name in SHELL_TOO:
            assert f"${{{setting.name}:-{setting.default}}}" in script


def test_entrypoint_is_executable() -> None:
    """A clone runs as it is."""
    assert (ROOT / "entrypoint.sh").stat().st_mode & stat.S_IXUSR


def test_only_the_command_line_reads_the_environment() -> None:
    """Settings come from one place."""
    readers = {
        path.name
        for path, text in sources("sidecar").items()
        if re.search(r"os\.environ|getenv|sys\.argv", text)
    }
    assert readers == {"cli.py"}


@pytest.mark.parametrize("path", sorted(sources("sidecar", "tests", "demo")), ids=lambda path: path.name)
def test_no_file_wants_a_second_purpose(path: Path) -> None:
    """About 250 lines at most; tests of a whole role may have more."""
    limit = 450 if path.name.startswith("test_") else 260
    assert len(path.read_text().splitlines()) <= limit


def test_locks_are_hashed_and_name_no_index() -> None:
    """Every package has hashes, and each machine uses its own package configuration."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        packages = re.findall(r"^([a-z0-9-]+)==", text, flags=re.MULTILINE)
        assert packages
        assert all(f"{package}==" in text for package in packages)
        blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in block for block in blocks)


def test_changelog_knows_the_version() -> None:
    """The version in the code has an entry."""
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_promise_of_reliability_names_a_test_that_is_there() -> None:
    """And every test that breaks things on purpose is named there."""
    named = set(re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", (ROOT / "docs/reliability.md").read_text()))
    there = {
        (str(path.relative_to(ROOT / "tests")), name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), flags=re.MULTILINE)
    }
    assert named - there == set()
    assert {(path, name) for path, name in there if path.startswith("torture/")} - named == set()


def test_every_document_that_is_named_is_there() -> None:
    """In comments, messages and scripts: a document that was renamed takes them along."""
    named = [ROOT / "Dockerfile", ROOT / "Makefile", ROOT / "entrypoint.sh", ROOT / "pyproject.toml"]
    named += [path for folder in ("image", "k8s", "examples") for path in (ROOT / folder).rglob("*.*")]
    told = {path: path.read_text() for path in named if path.suffix in ("", ".sh", ".py", ".toml", ".yaml")}
    found = {
        (path, name)
        for path, text in (told | sources("sidecar", "tests")).items()
        for name in re.findall(r"docs/[\w./'-]+\.md\b", text)
    }
    assert len(found) > 20
    assert [f"{path}: {name}" for path, name in sorted(found) if not (ROOT / name).exists()] == []
