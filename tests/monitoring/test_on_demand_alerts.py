"""What somebody asks for in vain is their trouble: nobody is woken."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sidecar.adapters.state_dir import StateDirectory
from sidecar.adapters.token_dir import Access, TokenDirectory
from sidecar.core.demand import scopes_of
from sidecar.errors import AuthorityMisconfigured
from sidecar.serve.measures import METRICS, PREFIX, samples
from sidecar.status import found_in
from tests.life.asking import ask
from tests.life.bench import GRAPH, Bench
from tests.monitoring.documents import ALERTS

MADE_UP = "https://made-up.example"
MINUTES = 30
ABOUT_TOKENS = ["EntraTokenMissing", "EntraTokenExpired", "EntraRenewalsFailing", "EntraTurnsFailing"]


def measured(bench: Bench, *, asks: bool) -> dict[str, list[float]]:
    """Every series, minute by minute, while somebody asks for a made-up resource."""
    began = bench.clock.now()
    series: dict[str, list[float]] = defaultdict(list)
    for _ in range(MINUTES):
        if asks:
            assert ask(bench, MADE_UP) is not None
        bench.run_for(60)
        state = StateDirectory(bench.state_path)
        found = found_in(TokenDirectory(bench.token_path, Access()), state, now=bench.clock.now())
        for name, values, number in samples(found, boot=bench.clock.boot):
            labels = dict(zip(METRICS[name].labels, values, strict=True))
            told = "".join(f', {label}="{value}"' for label, value in labels.items())
            instant = name.endswith("timestamp_seconds") and number
            series[f'{PREFIX}{name}{{instance="pod"{told}}}'].append(number - began if instant else number)
    return series


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: Debian's package prometheus has it"
)
def test_alerts_are_silent_while_somebody_asks_in_vain(tmp_path: Path) -> None:
    """Once a minute for half an hour; a configured token that cannot be had is missed in that time."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH})
    bench.authority.refused_scopes[scopes_of(MADE_UP)] = AuthorityMisconfigured("AADSTS500011")
    assert bench.signin() is None
    assert fired(measured(bench, asks=True), tmp_path) == []
    bench.rules = replace(bench.rules, wanted={**bench.rules.wanted, "vault": scopes_of(MADE_UP)})
    assert bench.turn() is None
    assert "EntraTokenMissing" in fired(measured(bench, asks=False), tmp_path)


def fired(series: dict[str, list[float]], folder: Path) -> list[str]:
    """The alerts of `ABOUT_TOKENS` that do at the end."""
    shutil.copy(ALERTS, folder)
    given = [
        {"series": name, "values": " ".join(f"{number:.0f}" for number in numbers)}
        for name, numbers in series.items()
    ]
    found = []
    for alert in ABOUT_TOKENS:
        silent = {"eval_time": f"{MINUTES - 1}m", "alertname": alert}
        test = {"interval": "1m", "input_series": given, "alert_rule_test": [silent]}
        document = {"rule_files": [ALERTS.name], "evaluation_interval": "1m", "tests": [test]}
        (folder / "on-demand.test.yml").write_text(yaml.safe_dump(document))
        ended = subprocess.run(
            ["promtool", "test", "rules", "on-demand.test.yml"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            assert "exp:[" in ended.stdout + ended.stderr, ended.stdout + ended.stderr
            found.append(alert)
    return found
