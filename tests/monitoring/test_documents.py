"""Alert rules, dashboard and example: what they name is there, and Prometheus understands it."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from sidecar.serve.measures import METRICS, UNNAMED_LABEL
from tests.monitoring.documents import (
    ALERTS,
    DASHBOARD,
    FOLDER,
    PROMETHEUS,
    dashboard,
    expressions,
    named_in,
    rules,
)

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: Debian's package prometheus has it"
)


def told_by_promtool(*arguments: str, folder: Path = FOLDER) -> str:
    """What it says, if it is content."""
    ended = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("document", [ALERTS, DASHBOARD], ids=lambda path: path.name)
def test_only_metrics_that_are_there_are_named(document: Path) -> None:
    """An alert on a metric of yesterday never fires, and nobody notices."""
    named = named_in(document.read_text())
    assert len(named) >= 8
    assert named <= METRICS.keys()


def test_alert_tests_speak_of_metrics_and_labels_that_are_there() -> None:
    """Else they would prove rules that nothing real can meet."""
    tests = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]
    series = [
        each["series"]
        for test in tests
        for each in test["input_series"]
        if not each["series"].startswith("up{")
    ]
    for each in series:
        (name,) = named_in(each)
        labels = {pair.split("=")[0].strip() for pair in each.partition("{")[2].rstrip("}").split(",")}
        assert labels == {"instance", *METRICS[name].labels}, each
    assert UNNAMED_LABEL == "token"


def test_every_alert_says_what_and_what_to_do() -> None:
    """A name of ours, a severity out of two, a sentence each; each fires in one of the tests."""
    tests = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]
    fired = {
        each["alertname"] for test in tests for each in test["alert_rule_test"] if each.get("exp_alerts")
    }
    quiet = {
        each["alertname"] for test in tests for each in test["alert_rule_test"] if not each.get("exp_alerts")
    }
    for rule in rules():
        assert rule["alert"].startswith("Entra")
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith((".", "?"))
    assert {rule["alert"] for rule in rules()} == fired == quiet


@promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    """`promtool test rules`, which the documents bring along."""
    told_by_promtool("check", "rules", ALERTS.name)
    assert "SUCCESS" in told_by_promtool("test", "rules", "alerts.test.yml")


@promtool
@pytest.mark.parametrize(
    ("right", "wrong"), [("<= time()", "<= time() + 3600"), ("for: 10m", "for: 0m"), (">= 3", ">= 2")]
)
def test_alert_tests_notice_a_rule_that_is_wrong(right: str, wrong: str, tmp_path: Path) -> None:
    """A test of a rule that passes with any rule would be none."""
    assert right in ALERTS.read_text()
    (tmp_path / ALERTS.name).write_text(ALERTS.read_text().replace(right, wrong))
    shutil.copy(FOLDER / "alerts.test.yml", tmp_path)
    tried = subprocess.run(
        ["promtool", "test", "rules", "alerts.test.yml"], cwd=tmp_path, capture_output=True, check=False
    )
    assert tried.returncode != 0


@promtool
def test_example_configuration_is_one() -> None:
    """And it names the rules and the job that these know."""
    told_by_promtool("check", "config", "--syntax-only", PROMETHEUS.name)
    example = yaml.safe_load(PROMETHEUS.read_text())
    assert [(FOLDER / file).exists() for file in example["rule_files"]] == [True]
    (job,) = example["scrape_configs"]
    assert f'job="{job["job_name"]}"' in ALERTS.read_text()


@promtool
def test_dashboard_asks_what_prometheus_understands(tmp_path: Path) -> None:
    """Each expression is a rule that `promtool check rules` takes."""
    asked = expressions()
    assert len(asked) > 12
    rule = [{"record": f"r{number}", "expr": expression} for number, expression in enumerate(asked.values())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rule}]}))
    assert f"{len(rule)} rules found" in told_by_promtool("check", "rules", "rules.yml", folder=tmp_path)


def test_dashboard_can_be_imported_anywhere() -> None:
    """No database id, the data source is the reader's own, and every variable is declared."""
    found = dashboard()
    assert found.get("id") is None
    assert {"title", "uid", "schemaVersion", "templating", "panels", "time"} <= found.keys()
    variables = {variable["name"]: variable["type"] for variable in found["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query", "instance": "query"}
    sources = [panel["datasource"] for panel in found["panels"]]
    sources += [target["datasource"] for panel in found["panels"] for target in panel["targets"]]
    sources += [
        variable["datasource"] for variable in found["templating"]["list"] if "datasource" in variable
    ]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


def test_dashboard_is_laid_out() -> None:
    """Every panel has a number, a title, a sentence and a place of its own, within 24 columns."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels)
    assert {panel["type"] for panel in panels} <= {"stat", "timeseries", "table"}
    cells = [
        (column, row)
        for place in (panel["gridPos"] for panel in panels)
        for column, row in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]
    assert len(set(cells)) == len(cells)
    assert all(0 <= column < 24 for column, _ in cells)
    assert len(cells) == 24 * (max(row for _, row in cells) + 1)
