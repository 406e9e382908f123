"""An app that reads without a pause what others write: complete, of one generation, and live each time."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence

from tests.end_to_end.pod import Pod
from tests.torture import figures
from tests.torture.contention import SUITE

PAUSE_SECONDS = 0.005


class Reader:
    """A thread over the token directories of `pods`; `bad` says what no app should ever have seen.

    A context manager. `tokens` are those that were read, to be compared with those that were issued.
    """

    def __init__(self, *pods: Pod) -> None:
        self.reads = 0
        self.bad: list[str] = []
        self.tokens: set[str] = set()
        self._pods = pods
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            for pod in self._pods:
                self.reads += 1
                try:
                    token, left = read(pod)
                except (OSError, ValueError, KeyError) as error:
                    self.bad.append(f"{pod.tokens.parent.name}: {error!r}")
                    continue
                self.tokens.add(token)
                if left <= 0:
                    self.bad.append(f"{pod.tokens.parent.name}: expired for {-left:.2f} s")

    def report(self, issued: set[str]) -> list[str]:
        """What was wrong, counted; a token that was never issued is a torn one."""
        torn = len(self.tokens - issued)
        expired = sum("expired" in words for words in self.bad)
        figures.count(SUITE, "reads of a token directory", self.reads)
        figures.count(SUITE, "tokens torn, missing or of two generations", len(self.bad) - expired + torn)
        figures.count(SUITE, "tokens read after their expiry", expired)
        kinds = Counter(self.bad).most_common(5)
        return [f"{words} ({times} times)" for words, times in kinds] + ["a torn token"] * torn


def read(pod: Pod) -> tuple[str, float]:
    """The token that an app has now, and the seconds that it lives yet.

    :raises OSError, ValueError, KeyError: there is none, or its files do not agree
    """
    generation = (pod.tokens / "..data").resolve(strict=True)
    token = (generation / "token").read_text()
    document = json.loads((generation / "token.json").read_text())
    expires_on = (generation / "expires_on").read_text()
    if not token or document["access_token"] != token or expires_on != f"{document['expires_on']}\n":
        raise ValueError("the files of one generation differ")
    return token, document["expires_on"] - time.time()


def prompts(outputs: Sequence[str]) -> int:
    """How often a person was asked."""
    return sum(output.count('"signin.code_issued"') for output in outputs)
