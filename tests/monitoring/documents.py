"""docs/monitoring, and what of it goes by other times in tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from sidecar.serve.measures import PREFIX

FOLDER = Path(__file__).parents[2] / "docs/monitoring"
ALERTS = FOLDER / "alerts.yml"
DASHBOARD = FOLDER / "dashboard.json"
PROMETHEUS = FOLDER / "prometheus.yml"


def rules() -> list[dict[str, Any]]:
    """Every alert rule."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """As Grafana imports it."""
    found = json.loads(DASHBOARD.read_text())
    assert isinstance(found, dict)
    return found


def expressions() -> dict[str, str]:
    """Every PromQL expression of the dashboard by its place, with values for Grafana's variables."""
    return {
        f"{panel['title']} {target['refId']}": re.sub(r"\$(job|instance)\b", ".*", target["expr"])
        for panel in dashboard()["panels"]
        for target in panel["targets"]
    }


def named_in(text: str) -> set[str]:
    """The metrics of ours in a text."""
    return set(re.findall(rf"\b{PREFIX}(\w+)", text))


def in_a_hurry(target: str, credentials: Path, folder: Path) -> Path:
    """A configuration of Prometheus that scrapes `target` each second, and alerts that wait a second where
    ours wait minutes.
    """
    hasty = re.sub(r"\bfor: \d+m", "for: 1s", ALERTS.read_text())
    (folder / "alerts.yml").write_text(re.sub(r"\[\d+m\]", "[10s]", hasty))
    config = yaml.safe_load(PROMETHEUS.read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"}
    (job,) = config["scrape_configs"]
    job["authorization"]["credentials_file"] = str(credentials)
    job["static_configs"][0]["targets"] = [target]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file
