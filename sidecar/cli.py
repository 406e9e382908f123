"""The composition root: the only reader of the command line and of the environment."""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from sidecar import __version__
from sidecar.core.oauth_answer import printable
from sidecar.declarations import ENVIRONMENT_ONLY, SETTINGS, SHELL_TOO
from sidecar.errors import SettingsError, SidecarError, UsageError
from sidecar.settings import Settings, read_settings

DESCRIPTION = "Signs a person in to Microsoft Entra ID once and keeps a token file fresh for apps."
EPILOG = """roles in Python:
  signin    make sure a live token is published; asks a person to sign in if it has to
  refresh   one turn of the loop: renew what is due (entrypoint.sh runs the loop)
  exec      sign in, then run a command with a fresh token beside it: exec [--wipe] -- CMD ...
  status    who is signed in, how long each token lives, what comes next

roles in the shell (entrypoint.sh):
  probe startup|readiness|liveness
  wait [seconds]

Every setting is an environment variable or a flag of the same name; see README.md.
"""

NOBODY_NAMED = (
    "SIDECAR_ON_PUBLISH_SIGNAL: names nobody, and only `exec` has a command of its own; say whom it is for, "
    "such as HUP:nginx, HUP:/run/app.pid or HUP:42"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(printable(message, 500), advice=f"{self.prog} --help")


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one role and return its exit code."""
    environ = os.environ if environ is None else environ
    own, command = _split(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser().parse_args(own)
        if arguments.role == "status":
            return _status(environ, as_json=arguments.json)
        flags = {
            setting.name: value
            for setting in SETTINGS
            if (value := getattr(arguments, setting.attribute, None)) is not None
        }
        if arguments.role == "exec" and not command:
            raise UsageError("exec needs a command: exec -- CMD ...", advice="sidecar exec --help")
        settings = read_settings(environ, flags)
        if arguments.role != "exec" and settings.on_publish_signal and not settings.on_publish_signal.target:
            raise SettingsError([NOBODY_NAMED])
    except UsageError as error:
        print(f"{error.message}\ntry: {error.advice}", file=sys.stderr)
        return error.exit_code
    except SettingsError as error:
        print("The settings need a change:", *error.mistakes, sep="\n  - ", file=sys.stderr)
        return error.exit_code
    if arguments.role == "exec":
        return _exec(settings, command, own, environ, wipe=arguments.wipe)
    return _turn(
        settings,
        role=arguments.role,
        at_once=getattr(arguments, "now", False),
        first=getattr(arguments, "first", True),
        environ=environ,
    )


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of `exec` what stands before the first `--` is ours, all behind it is the command's."""
    if argv[:1] == ["exec"] and "--" in argv:
        at = argv.index("--")
        return list(argv[:at]), list(argv[at + 1 :])
    return list(argv), []


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="sidecar",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    roles = parser.add_subparsers(dest="role", metavar="ROLE", required=True, title="roles")
    for role, words in (
        ("signin", "sign in and publish"),
        ("refresh", "renew what is due"),
        ("exec", "sign in, then run a command beside the renewing: exec -- CMD ..."),
    ):
        subparser = roles.add_parser(role, help=words, allow_abbrev=False)
        for setting in SETTINGS:
            if setting.name not in ENVIRONMENT_ONLY:
                default = f" Default: {setting.default}." if setting.default else ""
                words = f"{setting.help.replace('`', '')}{default} [{setting.name}]".replace("%", "%%")
                subparser.add_argument(setting.flag, metavar="VALUE", help=words)
        if role == "refresh":
            subparser.add_argument("--now", action="store_true", help="renew whatever the schedule says")
            words = "the loop begins: test, and log, that others cannot read the state"
            subparser.add_argument("--first", action="store_true", help=words)
        if role == "exec":
            words = "when the command has ended, remove the published tokens and the sign-in"
            subparser.add_argument("--wipe", action="store_true", help=words)
    status = roles.add_parser("status", help="show what is published and what comes next", allow_abbrev=False)
    status.add_argument("--json", action="store_true", help="for programs")
    return parser


def _turn(settings: Settings, *, role: str, at_once: bool, first: bool, environ: Mapping[str, str]) -> int:
    """Imports wait until the settings are known to be right: a mistake is told without MSAL's start-up."""
    from sidecar.adapters.log import Log
    from sidecar.composition import run_turn
    from sidecar.posix.interrupts import Interrupted, Interrupts
    from sidecar.posix.secrecy import forbid_core_dumps

    forbid_core_dumps()
    interrupts = Interrupts()
    log = Log(format=settings.log_format, level=settings.log_level)
    host = socket.gethostname()
    try:
        interrupts.install(hangup_ends=role == "signin")
        try:
            run_turn(
                settings,
                role=role,
                at_once=at_once,
                first=first,
                interrupts=interrupts,
                log=log,
                host=host,
                environ=environ,
            )
        finally:
            interrupts.retire()
    except Interrupted as interrupted:
        log.event("shutdown.requested", signal=str(interrupted))
        return interrupted.exit_code
    except SidecarError as error:
        if role == "refresh" and settings.on_signin_required == "prompt" and error.exit_code == 77:
            # A declined prompt or a refused account never ends the loop: it asks again, with back-off.
            return 75
        return error.exit_code
    return 0


def _exec(
    settings: Settings, command: list[str], own: list[str], environ: Mapping[str, str], *, wipe: bool
) -> int:
    from sidecar import exec as supervision

    def report(code: int, again_in_seconds: float | None) -> None:
        from sidecar.adapters.log import Log

        Log(format=settings.log_format, level=settings.log_level, stream=sys.stderr).event(
            "refresh.ended", level="error", exit_code=code, again_in_seconds=again_in_seconds
        )

    flags = [flag for flag in own[1:] if flag != "--wipe"]
    signal = settings.on_publish_signal
    try:
        return supervision.run(
            command,
            flags=flags,
            environ=environ,
            token_dir=settings.token_dir,
            report=report,
            renewal_signal=signal.signal if signal and not signal.target else None,
        )
    finally:
        if wipe:
            supervision.wipe(settings.token_dir, settings.state_dir)


def _status(environ: Mapping[str, str], *, as_json: bool) -> int:
    """Only the two directories matter here, so that it also answers where the rest is misconfigured."""
    from sidecar.adapters.state_dir import PRIVATE, StateDirectory
    from sidecar.adapters.token_dir import Access, TokenDirectory
    from sidecar.status import Found, report, table

    paths = {
        setting.name: Path(environ.get(setting.name) or setting.default or "/")
        for setting in SETTINGS
        if setting.name in SHELL_TOO
    }
    state = StateDirectory(paths["SIDECAR_STATE_DIR"] / PRIVATE)
    published = TokenDirectory(paths["SIDECAR_TOKEN_DIR"], Access()).published()
    now = time.time()
    status = report(Found(published=published, journal=state.journal(), prompt=state.prompt(), now=now))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(json.dumps(status) + "\n" if as_json else table(status, now=now))
    return 0
