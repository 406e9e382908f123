"""Each contender does what a benchmark relies on: the same for all of them, on a real engine."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.bench.contender import OURS, STATE, TOKEN, Contender
from tests.bench.contenders import build, contenders, version_of
from tests.bench.provider import Provider
from tests.engines.docker import Container, Engine, eventually
from tests.leaks import Leaks

START = {
    OURS: {"devicecode": 1, "token:device_code": 1, "discovery": 1},
    "msal": {"devicecode": 1, "token:device_code": 1, "discovery": 1},
    "azure-identity": {"devicecode": 1, "token:device_code": 1, "discovery": 1},
    "adal": {"devicecode": 1, "token:device_code": 1},
    "oidc-agent": {"devicecode": 1, "token:device_code": 1, "discovery": 2},
}
"""Requests of a sign-in that is approved at once, by kind."""

RENEWAL = {"token:refresh_token": 1}
"""Requests of a renewal: of all."""

AGAIN: dict[str, Mapping[str, int]] = {
    OURS: {},
    "msal": {"discovery": 1},
    "azure-identity": {"discovery": 1},
    "adal": {},
    "oidc-agent": {"discovery": 1, "token:refresh_token": 1},
}
"""Requests of the next start while the token lives."""


@pytest.fixture
def provider(leaks: Leaks) -> Iterator[Provider]:
    """One on loopback."""
    with Provider() as made:
        yield made
        leaks.issued(made.secrets())


def run(engine: Engine, contender: Contender, folder: Path) -> Container:
    """With its two directories and files, on the host's network."""
    options = ["--network", "host"]
    for name, path in ((TOKEN, folder / "token"), (STATE, folder / "state")):
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
        options += ["--volume", f"{path}:{name}"]
    for inside, outside in contender.files.items():
        options += ["--volume", f"{outside}:{inside}:ro"]
    for name, value in contender.settings.items():
        options += ["--env", f"{name}={value}"]
    return engine.run(*options, contender.image, *contender.command)


def asked(provider: Provider) -> dict[str, int]:
    """Requests by kind."""
    return dict(collections.Counter(request.kind for request in provider.requests()))


@pytest.mark.image
@pytest.mark.parametrize("name", list(START))
def test_it_signs_in_renews_on_its_signal_and_starts_again_silently(
    docker_engine: Engine, provider: Provider, tmp_path: Path, name: str
) -> None:
    """With so many requests and no more; TERM ends it, and the file holds a token of the provider."""
    build([name])
    (contender,) = contenders(provider, only=[name])
    published = tmp_path / "token" / "token"
    container = run(docker_engine, contender, tmp_path)

    def written() -> str:
        if not container.state()["Running"]:
            raise AssertionError(f"{name} ended:\n{container.logs()}")
        return published.read_text() if published.exists() else ""

    first = eventually(written, "the first token")
    assert asked(provider) == START[name]
    assert first in provider.secrets()
    if contender.probe:
        container.execute(*contender.probe)

    provider.forget_requests()
    container.signal(contender.renew)
    second = eventually(lambda: (new := written()) != first and new, "the second token")
    assert asked(provider) == RENEWAL

    container.signal("TERM")
    assert container.wait() in (0, 143)
    provider.forget_requests()
    published.resolve().unlink()
    container = run(docker_engine, contender, tmp_path)
    third = eventually(written, "a token by what is cached")
    assert asked(provider) == AGAIN[name]
    assert (third == second) == ("token:refresh_token" not in AGAIN[name])
    container.signal("TERM")
    assert container.wait() in (0, 143)


def test_versions_in_titles_are_those_of_the_locks(provider: Provider) -> None:
    """A reader has to know what was measured."""
    titles = {each.name: each.title for each in contenders(provider)}
    assert version_of("msal", "requirements-msal.txt") in titles["msal"]


def test_who_is_no_contender_is_refused(provider: Provider) -> None:
    """A misspelt name is no empty table."""
    with pytest.raises(ValueError, match="no contender is nobody; there are sidecar, msal"):
        contenders(provider, only=["nobody"])
