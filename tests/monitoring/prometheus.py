"""A real Prometheus of one test: started on a port of its own, asked over its API, ended."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.end_to_end.pod import eventually


class Prometheus:
    """Use it as a context; it scrapes from the beginning."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._url = ""

    def __enter__(self) -> Prometheus:
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._config}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(lambda: "ready to receive" in self.output, "Prometheus is ready")
            address = re.search(r'"Listening on" address=(\S+)', self.output)
            assert address, self.output
            self._url = f"http://{address[1]}/api/v1"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def output(self) -> str:
        """What it logged."""
        return (self._folder / "prometheus.log").read_text()

    def value(self, expression: str) -> float | None:
        """Of one series; None if there is none."""
        result = self._get("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else None

    def firing(self) -> dict[str, str]:
        """The alerts that fire, with their summaries."""
        return {
            alert["labels"]["alertname"]: alert["annotations"]["summary"]
            for alert in self._get("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def wait_until(self, condition: Callable[[], Any], what: str) -> Any:
        """With what it logged and how its targets are, if it does not come."""
        try:
            return eventually(condition, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._get('targets')}\n{self.output}") from None

    def _get(self, path: str, **query: str) -> Any:
        answer = requests.get(f"{self._url}/{path}", params=query, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]
