"""Packages whose `__init__` waits until somebody asks for more."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from sidecar.deferral import defer

NAME = "a_heavy_package"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What a package leaves when its `__init__` runs."""
    folder, mark = tmp_path / NAME, tmp_path / "ran"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from pathlib import Path\nfrom .light import Light\nfrom .heavy import Heavy\n"
        f"with open({str(mark)!r}, 'a') as file: file.write('once ')\n"
    )
    (folder / "light.py").write_text("class Light: ...\n")
    (folder / "heavy.py").write_text("class Heavy: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield mark
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_names_that_are_known_are_had_without_the_rest(ran: Path) -> None:
    """A class by its name, and a module below the package: neither runs `__init__`."""
    defer({NAME: {"Light": f"{NAME}.light", "light": f"{NAME}.light"}})
    package = import_module(NAME)
    assert package.light.Light is package.Light
    assert not ran.exists()


def test_any_other_name_runs_what_waited_once(ran: Path) -> None:
    """Classes stay the same ones: what was had before is what `__init__` finds."""
    defer({NAME: {"Light": f"{NAME}.light"}})
    package = import_module(NAME)
    before = package.Light
    assert package.Heavy.__name__ == "Heavy"
    assert package.Light is before
    assert ran.read_text() == "once "
    with pytest.raises(AttributeError, match=r"a_heavy_package.*Nothing"):
        package.Nothing  # noqa: B018 # asking is what is tested
    assert ran.read_text() == "once "


def test_name_that_has_moved_is_found_by_running_all(ran: Path) -> None:
    """A later version may keep it elsewhere; then the package costs what it costs without us."""
    defer({NAME: {"Heavy": f"{NAME}.light"}})
    assert import_module(NAME).Heavy.__name__ == "Heavy"
    assert ran.read_text() == "once "


def test_module_that_has_gone_is_found_by_running_all(ran: Path) -> None:
    """The same where the module itself is not there any more."""
    defer({NAME: {"Heavy": f"{NAME}.gone"}})
    assert import_module(NAME).Heavy.__name__ == "Heavy"
    assert ran.read_text() == "once "


def test_package_that_is_there_already_stays_as_it_is(ran: Path) -> None:
    """Whoever has it uses all of it."""
    package = import_module(NAME)
    defer({NAME: {}})
    assert import_module(NAME) is package
    assert ran.exists()


def test_package_that_is_not_installed_is_missed_by_its_importer() -> None:
    """Not by us."""
    defer({"there_is_no_such_package": {}})
    with pytest.raises(ModuleNotFoundError):
        import_module("there_is_no_such_package")


def test_threads_that_ask_at_once_wait_for_the_one_that_runs_it(ran: Path, tmp_path: Path) -> None:
    """Who comes while `__init__` runs is not told that there is no such name."""
    init = tmp_path / NAME / "__init__.py"
    init.write_text(f"import time\ntime.sleep(0.2)\n{init.read_text()}")
    defer({NAME: {}})
    package, together, found = import_module(NAME), threading.Barrier(4), []

    def ask() -> None:
        together.wait()
        found.append(package.Heavy)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert ran.read_text() == "once "


def test_package_that_failed_is_tried_again_by_the_next_who_asks(ran: Path, tmp_path: Path) -> None:
    """As any import is: what was lacking, such as a file descriptor, may be there again."""
    lacking = tmp_path / "lacking"
    lacking.touch()
    init = tmp_path / NAME / "__init__.py"
    init.write_text(
        f"import os\nif os.path.exists({str(lacking)!r}): raise ImportError('not now')\n{init.read_text()}"
    )
    defer({NAME: {}})
    package = import_module(NAME)
    with pytest.raises(ImportError, match="not now"):
        package.Heavy  # noqa: B018 # asking is what is tested
    lacking.unlink()
    assert package.Heavy.__name__ == "Heavy"
    assert ran.read_text() == "once "


def test_package_with_names_of_its_own_making_is_asked_for_them(ran: Path, tmp_path: Path) -> None:
    """asyncio has such names from Python 3.14 on (PEP 562)."""
    init = tmp_path / NAME / "__init__.py"
    init.write_text(
        init.read_text() + "def __getattr__(name):\n"
        "    if name == 'made_up': return 'made'\n    raise AttributeError(name)\n"
    )
    defer({NAME: {}})
    package = import_module(NAME)
    assert package.made_up == "made"
    with pytest.raises(AttributeError, match="Nothing"):
        package.Nothing  # noqa: B018 # asking is what is tested
    assert ran.read_text() == "once "


def test_module_below_a_package_is_an_attribute_of_it(ran: Path) -> None:
    """`import a.b` promises that `a.b` can be used."""
    defer({f"{NAME}.light": {}})
    package = import_module(NAME)
    assert package.light.Light.__name__ == "Light"
    assert package.light is import_module(f"{NAME}.light")
    assert ran.exists()


def test_module_below_it_finds_its_neighbours_while_all_waits(ran: Path, tmp_path: Path) -> None:
    """`import asyncio.subprocess`, as the client of the Kubernetes API does: it says `from . import events`,
    and `__init__` would ask a module that is half imported for what it has not got yet.
    """
    (tmp_path / NAME / "heavy.py").write_text("from . import light\nclass Heavy(light.Light): ...\n")
    defer({NAME: {}})
    assert import_module(f"{NAME}.heavy").Heavy.__name__ == "Heavy"
    assert not ran.exists()
    package = import_module(NAME)
    assert package.Light.__name__ == "Light"
    assert ran.read_text() == "once "
