"""Formats and templates through the turns of a pod."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.account import Admission
from sidecar.errors import ConfigurationError, SigninRequired
from tests.life.bench import ARM, GRAPH, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A pod that somebody has signed in, with an empty directory of templates."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.template_dir = tmp_path / "templates"
    bench.template_dir.mkdir()
    assert bench.signin() is None
    return bench


def read(bench: Bench, name: str) -> str:
    """What an app reads there."""
    return (bench.token_path / name).read_text()


def write(bench: Bench, name: str, text: str) -> Path:
    """Make or change a template."""
    assert bench.template_dir is not None
    file = bench.template_dir / name
    file.write_text(text)
    return file


def token(bench: Bench, name: str = "") -> str:
    """The token that an app reads."""
    published = bench.published(name)
    assert published is not None
    return str(published["access_token"])


def test_format_comes_and_goes_with_its_setting(bench: Bench) -> None:
    """Without a request; beside every token."""
    asked = len(bench.authority.requests)
    bench.formats = ("header", "env")
    bench.turn()
    assert read(bench, "header") == f"Authorization: Bearer {token(bench)}\n"
    assert f"ARM_ACCESS_TOKEN={token(bench, 'arm')}\n" in read(bench, "arm/env")
    bench.formats = ("env",)
    bench.turn()
    assert not (bench.token_path / "header").is_symlink()
    assert not (bench.token_path / "arm/header").exists()
    assert read(bench, "env")
    assert len(bench.authority.requests) == asked
    assert len(bench.events("token.published")) == 4  # two at the sign-in


def test_files_follow_every_renewal(bench: Bench) -> None:
    """All of one generation: the template never holds another token than `token`."""
    write(bench, "app.conf", "{{ token }} {{ arm.token }} {{ expires_on }}")
    bench.formats = ("header",)
    for _ in range(3):
        bench.turn()
        published = bench.published()
        assert published is not None
        assert read(bench, "app.conf") == f"{token(bench)} {token(bench, 'arm')} {published['expires_on']}"
        assert read(bench, "header").split()[2] == token(bench)
        bench.clock.sleep(2500)


def test_changed_template_is_published_without_a_request(bench: Bench) -> None:
    """At the next turn; an unchanged one costs nothing."""
    file = write(bench, "app.conf", "a {{ token }}")
    bench.turn()
    asked, told = len(bench.authority.requests), len(bench.events("token.published"))
    bench.turn()
    assert len(bench.events("token.published")) == told
    file.write_text("b {{ token }}")
    bench.turn()
    assert read(bench, "app.conf") == f"b {token(bench)}"
    file.unlink()
    bench.turn()
    assert not (bench.token_path / "app.conf").is_symlink()
    assert len(bench.authority.requests) == asked


def test_template_waits_for_its_token_and_holds_up_nothing(tmp_path: Path) -> None:
    """An audience without consent: the others are published, it is told once, and comes with its token."""
    bench = Bench.in_directory(tmp_path, wanted={"": GRAPH, "arm": ARM})
    bench.template_dir = tmp_path / "templates"
    bench.template_dir.mkdir()
    write(bench, "both", "{{ token }} {{ arm.token }}")
    write(bench, "one", "{{ token }}")
    bench.authority.refused_scopes[ARM] = SigninRequired("consent_required")
    assert bench.signin() is None
    bench.rules = replace(bench.rules, may_prompt=False)
    for _ in range(3):
        bench.turn()
        bench.clock.sleep(400)
    assert read(bench, "one") == token(bench)
    assert not (bench.token_path / "both").is_symlink()
    assert [(told["template"], told["tokens"]) for told in bench.events("template.waiting")] == [
        ("both", "arm")
    ]
    del bench.authority.refused_scopes[ARM]
    bench.turn(at_once=True)
    assert read(bench, "both") == f"{token(bench)} {token(bench, 'arm')}"


def test_template_that_breaks_while_the_loop_runs_takes_no_token_away(bench: Bench) -> None:
    """Its file stays as it was, everything else is renewed, and it is told once; mended, it goes on."""
    file = write(bench, "app.conf", "{{ token }}")
    write(bench, "other", "{{ token }}")
    bench.turn()
    before = token(bench)
    file.write_text("{{ tokn }}")
    for _ in range(3):
        bench.clock.sleep(2500)
        assert bench.turn() is None
    assert token(bench) != before
    assert read(bench, "app.conf") == before
    assert read(bench, "other") == token(bench)
    (told,) = bench.events("template.refused")
    assert f"SIDECAR_TEMPLATE_DIR: {file}: line 1: 'tokn'" in told["message"]
    assert told["level"] == "error"
    file.write_text("x{{ token }}")
    bench.turn()
    assert read(bench, "app.conf") == f"x{token(bench)}"


def test_directory_that_disappears_while_the_loop_runs_takes_no_file_away(bench: Bench) -> None:
    """The templates stay as they were published; formats and tokens go on."""
    file = write(bench, "app.conf", "{{ token }}")
    bench.formats = ("header",)
    bench.turn()
    before = token(bench)
    file.unlink()
    assert bench.template_dir is not None
    bench.template_dir.rmdir()
    bench.clock.sleep(2500)
    assert bench.turn() is None
    assert read(bench, "app.conf") == before
    assert read(bench, "header").split()[2] == token(bench) != before
    assert len(bench.events("template.refused")) == 1


@pytest.mark.parametrize("name", ["token", "token.json", "expires_on", "header", "env", "arm"])
def test_template_with_a_name_of_ours_is_refused(bench: Bench, name: str) -> None:
    """At a start, also where the format is off, so that turning it on breaks nothing."""
    write(bench, name, "text")
    bench.begun = False
    with pytest.raises(ConfigurationError, match="is the name of a file of ours"):
        bench.turn()


def test_account_that_is_not_allowed_any_more_leaves_no_file(bench: Bench) -> None:
    """A withdrawal takes templates and formats too."""
    write(bench, "app.conf", "{{ token }}")
    bench.formats = ("header", "env")
    bench.turn()
    bench.rules = replace(bench.rules, may_prompt=False)
    bench.allow(Admission(users=frozenset({"somebody-else"})))
    bench.turn()
    assert list(bench.token_path.iterdir()) == []
