"""What is made of figures: documents, a chart, words on a terminal."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench import documents, made_up, tables
from tests.bench.__main__ import joined, main
from tests.bench.chart import chart
from tests.bench.contender import OURS
from tests.bench.place import place
from tests.bench.run import SHORT_CONTENDERS, names_of
from tests.bench.what import UNITS
from tests.tables import filled


def file_of(path: Path, **changed: dict[str, float]) -> str:
    """Made-up figures as a run keeps them."""
    file = path / "figures.json"
    file.write_text(documents.as_text(made_up.kept(**changed)))
    return str(file)


def test_documents_and_chart_show_the_figures_that_were_kept() -> None:
    """Whoever edits a figure by hand is found out; `make bench BENCH='--from docs/benchmarks.json --write'`
    writes all of them.
    """
    kept = documents.kept()
    assert documents.FIGURES.read_text() == documents.as_text(kept)
    text, costs = documents.DOCUMENT.read_text(), documents.COSTS.read_text()
    assert filled(text, documents.blocks(kept)) == text
    assert filled(costs, documents.cost_blocks(kept)) == costs
    assert (documents.CHART.read_text() if documents.CHART.exists() else None) == chart(kept)


def test_figures_survive_their_file(tmp_path: Path) -> None:
    """One to a line, and JSON."""
    assert documents.kept(Path(file_of(tmp_path))) == made_up.kept()
    assert sum('"what"' in line for line in Path(file_of(tmp_path)).read_text().splitlines()) == len(
        made_up.rows()
    )


def test_every_thing_that_is_measured_has_words_and_a_place_in_the_table() -> None:
    """No row of a run is left out of the document."""
    assert set(tables.WORDS) == set(UNITS)
    heads = [row[0] for row in tables.medians(made_up.kept()).rows]
    assert len(heads) == len(UNITS) - 1  # a round trip is nobody's


def test_table_has_medians_and_how_often_ours_they_are() -> None:
    """28 MiB are 14 times 2; where somebody was not measured, nothing is said."""
    rows = {row[0]: row[1:] for row in tables.medians(made_up.kept()).rows}
    assert rows["asleep: PSS alone, MiB"][:3] == ["2", "28 (14×)", "40 (20×)"]
    assert rows["fifty tokens, ms"] == ["400", *["–"] * 6]


def test_row_that_a_peer_wins_is_named() -> None:
    """Every one of them, and none where we need least."""
    better = tables.better(made_up.kept())
    assert better is not None
    named = {(row[0], row[2]) for row in better.rows}
    assert ("renewal: CPU", "msal") in named
    assert ("asleep: CPU of a day", "oidc-agent") in named
    assert not any(what.startswith("asleep: PSS") for what, _ in named)
    only_ours = {**made_up.kept(), "contenders": {OURS: {"title": "us", "kind": "ours"}}}
    assert tables.better(only_ours) is None


NOTE = "azure-identity 1.25.3: started again, it asks a person to sign in; no row for `restart`"


@pytest.mark.parametrize(
    "figures", [{**made_up.kept(), "notes": [NOTE]}, documents.kept()], ids=["made up", "kept"]
)
def test_tables_fit_into_eighty_columns(figures: tables.Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal of the usual width, whatever the figures."""
    from tests.bench.__main__ import show

    show(figures)
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 80, line


def test_chart_is_an_svg_with_every_contender_and_no_bar_outside() -> None:
    """Twice each, for memory and CPU; the longest bar leaves room for its words."""
    drawn = chart(made_up.kept())
    assert drawn is not None
    root = ET.fromstring(drawn)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(words.count(name) == 2 for name in made_up.KINDS)
    assert "40 MiB (20×)" in words
    for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(bar.get("x", "0")) + float(bar.get("width", "0")) <= 880


def test_no_chart_is_drawn_of_nothing() -> None:
    """Before anything was measured, and where only some things were."""
    assert chart({**made_up.kept(), "rows": []}) is None


def test_documents_are_made_of_kept_figures_without_an_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables and verdicts, of a file alone."""
    assert main(["--from", file_of(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "azure-identity 1.0" in told
    assert "broken" not in told
    main(["--from", file_of(tmp_path, image={OURS: 61})])
    assert "broken" in capsys.readouterr().out


def test_guard_ends_with_one_where_a_ratio_is_broken_by_more_than_its_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says which, by whom."""
    assert main(["--short", "--from", file_of(tmp_path)]) == 0
    assert main(["--short", "--from", file_of(tmp_path, probe_cpu={OURS: 300})]) == 0
    assert main(["--short", "--from", file_of(tmp_path, idle_pss={OURS: 9})]) == 1
    assert "broken: asleep: PSS alone: 9, allowed 3.75" in capsys.readouterr().err


def test_guard_does_not_pass_for_want_of_figures(tmp_path: Path) -> None:
    """Of a whole run; who asks for a part gets a part."""
    kept = made_up.kept()
    kept["rows"] = [row for row in kept["rows"] if row["what"] != "growth_log"]
    file = tmp_path / "figures.json"
    file.write_text(json.dumps(kept))
    assert main(["--short", "--from", str(file)]) == 1
    assert main(["--short", "--only", "containers", "--from", str(file)]) == 0


def test_part_that_was_measured_anew_takes_the_place_of_the_old_one() -> None:
    """What it does not have stays, with where it was measured."""
    before = {**made_up.kept(), "turn": [1], "growth": {"fair": []}}
    place = {"date": "2031-01-01", "command": "`make bench`"}
    rows = [row for row in made_up.kept(growth_log={OURS: 7})["rows"] if row["what"] == "growth_log"]
    found = {"place": place, "contenders": {}, "rows": rows, "notes": [], "growth": {"fair": [1]}}
    both = joined(before, found)
    assert both["contenders"] == before["contenders"]
    assert both["place"] == {**before["place"], "growth": "2031-01-01, `make bench`"}
    assert (both["growth"], both["turn"]) == ({"fair": [1]}, [1])
    assert tables.figures_of(both).median("growth_log", OURS) == 7
    assert len(both["rows"]) == len(before["rows"])
    containers = joined(before, {**found, "contenders": {OURS: {"title": "", "kind": "ours"}}, "rows": []})
    assert {row["what"] for row in containers["rows"]} == {"growth_state", "growth_tokens", "growth_log"}


def test_without_an_engine_it_says_so_and_ends_with_69() -> None:
    """A plain sentence, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench"],
        cwd=documents.DOCS.parent,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (os.EX_UNAVAILABLE, "")
    assert done.stderr == "No Docker engine answers, and containers are what is measured.\n"


def test_place_names_no_machine() -> None:
    """Figures are public: what kind of machine it is, and not which."""
    told = place(command="make bench", how="twice")
    assert told["command"] == "`make bench`"
    assert platform.node() not in " ".join(told.values())
    assert all(told.values())


def test_contender_that_is_not_there_ends_the_run_before_it_begins() -> None:
    """And says who there is; those of the short run are."""
    assert names_of(None) is None
    assert names_of(",".join(SHORT_CONTENDERS)) == [*SHORT_CONTENDERS]
    with pytest.raises(SystemExit, match="no contender is nobody; there are sidecar, "):
        names_of("sidecar,nobody")
