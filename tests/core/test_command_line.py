"""The command line: usage, help, and settings that are refused before anything else happens."""

from __future__ import annotations

import pytest

from sidecar import __version__
from sidecar.cli import main
from sidecar.declarations import ENVIRONMENT_ONLY, SETTINGS

ENTRA = {
    "AZURE_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
    "AZURE_TENANT_ID": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
}


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["renew"],
        ["signin", "--no-such-flag", "x"],
        ["signin", "--scopes"],
        ["signin", "--scope", "abbreviated"],
        ["signin", "--now"],
        ["signin", "stray"],
        ["signin", "--token-dir", "/x"],
        ["refresh", "--state-dir", "/x"],
        ["status", "--log-level", "info"],
    ],
)
def test_wrong_command_line_ends_with_64(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with where to look; whatever the settings. Abbreviated flags would break later."""
    assert main(argv, {"SIDECAR_NONSENSE": "1"}) == 64
    told = capsys.readouterr()
    assert told.out == ""
    assert "\ntry: entrypoint.sh" in told.err
    assert told.err.rstrip().endswith("--help")


@pytest.mark.parametrize("role", ["signin", "refresh"])
def test_wrong_settings_end_with_78(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr for each, and nothing on stdout, which belongs to the log."""
    assert main([role], {**ENTRA, "SIDECAR_LOG_LEVEL": "loud", "SIDECAR_TOKEN_MODE": "0777"}) == 78
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0] == "The settings need a change:"
    assert [line.split(":")[0] for line in lines[1:]] == ["  - SIDECAR_TOKEN_MODE", "  - SIDECAR_LOG_LEVEL"]


def test_flags_on_the_command_line_win(capsys: pytest.CaptureFixture[str]) -> None:
    """A flag cures a wrong variable, and spoils a right one."""
    environ = {**ENTRA, "SIDECAR_MIN_VALIDITY": "nonsense", "SIDECAR_LOG_LEVEL": "info"}
    assert main(["refresh", "--now", "--min-validity=60s", "--log-level", "loud"], environ) == 78
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()[1:]] == [
        "  - SIDECAR_LOG_LEVEL"
    ]


@pytest.mark.parametrize(
    ("argv", "environ"), [(["signin", "a\x1b[2J\r\nb"], {}), (["signin"], {"SIDECAR_\x1b[2J\r\nX": "1"})]
)
def test_message_shows_no_control_character(
    argv: list[str], environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An argument or a name of the environment neither clears the terminal nor begins a line."""
    assert main(argv, {**ENTRA, **environ}) in (64, 78)
    assert all(line.isprintable() for line in capsys.readouterr().err.split("\n"))


@pytest.mark.parametrize("role", ["signin", "refresh"])
def test_help_names_every_setting(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each flag with its variable and default; the two that the shell reads have no flag."""
    with pytest.raises(SystemExit) as ended:
        main([role, "--help"], {})
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for setting in SETTINGS:
        has_flag = setting.name not in ENVIRONMENT_ONLY
        assert (f"{setting.flag} VALUE" in told) is has_flag
        assert (f"[{setting.name}]" in told) is has_flag
        assert not (has_flag and setting.default) or f"Default: {setting.default}." in told
    assert ("--now" in told) is (role == "refresh")


def test_help_and_version_need_no_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks for them has none yet."""
    for argv, words in ((["--help"], "roles"), (["--version"], __version__)):
        with pytest.raises(SystemExit) as ended:
            main(argv, {"SIDECAR_NONSENSE": "1"})
        assert ended.value.code == 0
        assert words in capsys.readouterr().out
