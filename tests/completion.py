"""Shell completion from the parser: `python -m tests.completion` writes docs/completion."""

from __future__ import annotations

import argparse
from pathlib import Path

import shtab

from sidecar.command_line import completion_parser
from sidecar.declarations import SETTINGS
from sidecar.setting import Setting

FOLDER = Path(__file__).parents[1] / "docs/completion"
ENTRYPOINT = "entrypoint.sh"
FILES = ("--cache-key-file", "--ca-file", "--settings-file")
OFFER = "give one of: "


def scripts() -> dict[str, str]:
    """File name to content."""
    return {f"entrypoint.{shell}": _script(shell) for shell in ("bash", "zsh")}


def _script(shell: str) -> str:
    told = f"# Completion for {ENTRYPOINT} and `python -m sidecar`, from the parser: make docs\n"
    text = shtab.complete(_with_values(completion_parser()), shell)
    if shell == "bash":
        registered = text.rstrip().splitlines()[-1].removesuffix("sidecar")
        return f"{told}{text.rstrip()}\n{registered}{ENTRYPOINT}\n"
    return (
        text.replace("#compdef sidecar", f"#compdef sidecar {ENTRYPOINT}\n{told.rstrip()}", 1).rstrip() + "\n"
    )


def _with_values(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What a setting takes, where that is one of a few words or a file."""
    choices = {setting.flag: _choices(setting) for setting in SETTINGS}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for role in action.choices.values():
                _with_values(role)
        for flag in action.option_strings:
            if flag in FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            if choices.get(flag):
                action.choices = choices[flag]
    return parser


def _choices(setting: Setting) -> list[str]:
    """From what the setting says when it is given nonsense."""
    try:
        setting.parse("\N{SNOWMAN}")
    except ValueError as error:
        words = str(error)
        return words.removeprefix(OFFER).split(", ") if words.startswith(OFFER) else []
    return []


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in scripts().items():
        (FOLDER / name).write_text(text)
