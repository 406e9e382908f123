"""The command line: roles, flags and the help of each, which reads like a manual page."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sidecar import __version__
from sidecar.core.printable import printable
from sidecar.declarations import ENVIRONMENT_ONLY, SETTINGS
from sidecar.errors import EXIT_CODES, UsageError
from sidecar.setting import Setting
from sidecar.setting_groups import GROUPS

WATCH_SECONDS = 2
HELP_COLUMNS = 79

FILES = """files:
  SIDECAR_TOKEN_DIR   token, token.json, expires_on, NAME/token …
  SIDECAR_STATE_DIR   private/: the sealed sign-in, prompt.json, the schedule
"""


@dataclass(frozen=True)
class RoleHelp:
    """`line` for the list of roles, `what` it does, and `examples`; `codes` are those that it ends with."""

    line: str
    what: str
    examples: str
    codes: tuple[int, ...]
    settings: bool = True


ROLES: Mapping[str, RoleHelp] = {
    "signin": RoleHelp(
        "make sure that a live token is published",
        "Make sure that a live token is published: silently from the cache if that is possible, else by "
        "asking a person to sign in at a page with a code. Ends when it is.",
        "  entrypoint.sh signin\n  entrypoint.sh signin --scopes User.Read --signin-timeout 15m",
        (0, 69, 73, 75, 77, 78, 130, 143),
    ),
    "refresh": RoleHelp(
        "renew the tokens, for ever",
        "Renew what is due. entrypoint.sh runs this as a loop until TERM; by itself it is one turn. Asks a "
        "person to sign in when renewing is not possible any more.",
        "  entrypoint.sh refresh\n"
        "  kill -HUP 1        # in the container: renew now\n"
        "  entrypoint.sh refresh --log-format json --log-level debug",
        (0, 64, 77, 78),
    ),
    "exec": RoleHelp(
        "sign in, then run a command beside the renewing",
        "Sign in, run CMD with a fresh token beside it, and end as it ends. Its output is its own: the "
        "prompt and the events go to standard error.",
        "  entrypoint.sh exec -- ./nightly-report.sh\n"
        "  entrypoint.sh exec --wipe --scopes User.Read -- make deploy",
        (0, 69, 73, 75, 77, 78, 126, 127, 130, 143),
    ),
    "serve": RoleHelp(
        "answer over HTTP: health, metrics, status page, managed identity",
        "Answer over HTTP what the files say: health for probes, metrics for Prometheus, a status page for "
        "people, and tokens for apps that use a managed identity. Never needed for the files themselves.",
        "  entrypoint.sh serve\n"
        "  curl http://127.0.0.1:8484/readiness\n"
        "  entrypoint.sh serve --serve-address 0.0.0.0:8484 --serve-secret-file /run/secrets/serve",
        (0, 64, 75, 78),
    ),
    "status": RoleHelp(
        "who is signed in, how long tokens live, what comes next",
        "Show who is signed in, the remaining life of each token, the next renewal, how long the authority "
        "may be away, the last error and the open prompt. Reads files only, and no setting but the two "
        "directories; never shows a token.",
        "  entrypoint.sh status\n"
        "  entrypoint.sh status --watch       # follows, every 2 s\n"
        "  entrypoint.sh status --json | jq .tokens.token.remaining_seconds",
        (0, 64, 130, 143),
        settings=False,
    ),
    "doctor": RoleHelp(
        "check settings, volumes, network, app; say the fix",
        "Check everything that a sign-in needs and say what to mend: settings, volumes, network, proxy, "
        "trust, clocks, tenant, app registration, cache and key. Asks nobody anything and leaves nothing "
        "behind. It requests device codes that are never shown and expire unused, and no refresh token "
        "is sent.",
        "  entrypoint.sh doctor\n"
        "  entrypoint.sh doctor --json | jq '.checks[] | select(.outcome == \"fail\")'\n"
        "  kubectl exec POD -c entra-sidecar -- /entrypoint.sh doctor",
        (0, 1, 64, 130, 143),
    ),
}

DESCRIPTION = (
    "Signs a person in to Microsoft Entra ID once and keeps a token file fresh for apps. Run it as "
    "`entrypoint.sh ROLE`, which is the entry point of the image; `ROLE --help` tells more."
)
SHELL_ROLES: Mapping[str, str] = {
    "probe": "startup|readiness|liveness: one line, and 0 or 1",
    "wait": "[seconds]: return when a token is ready, 75 if it is not in time",
}


class Parser(argparse.ArgumentParser):
    """Raises what argparse would print and exit with."""

    def error(self, message: str) -> NoReturn:
        """:raises UsageError: always"""
        typed = self.prog.replace("sidecar", "entrypoint.sh", 1)
        raise UsageError(printable(message, 500), advice=f"{typed} --help")


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Of the roles that run in Python. Where `argv` begins with one, the flags of the others are left out:
    they are most of what a parser costs.
    """
    made, roles = _program()
    asked = argv[0] if argv and argv[0] in ROLES else None
    for name, role in ROLES.items():
        _add_role(roles, name, role, flags=asked in (None, name))
    return made


def completion_parser() -> argparse.ArgumentParser:
    """The same with the roles of the shell: what `entrypoint.sh` takes."""
    made, roles = _program()
    for name, role in ROLES.items():
        _add_role(roles, name, role)
    probe = roles.add_parser("probe", help=SHELL_ROLES["probe"])
    probe.add_argument("about", choices=("startup", "readiness", "liveness"), help="what to ask about")
    roles.add_parser("wait", help=SHELL_ROLES["wait"]).add_argument("seconds", nargs="?", help="at most")
    return made


def _program() -> tuple[Parser, argparse._SubParsersAction[Parser]]:
    shell = "\n".join(f"  {name:<10}{words}" for name, words in SHELL_ROLES.items())
    made = Parser(
        prog="sidecar",
        usage="entrypoint.sh ROLE [--SETTING VALUE ...]",
        description=_filled(DESCRIPTION),
        epilog=f"roles in the shell:\n{shell}\n\n"
        "Every setting is an environment variable, or a flag: signin --help.\n\n"
        f"{_codes(tuple(EXIT_CODES))}\n{FILES}",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=__version__, help="show the version and end")
    roles = made.add_subparsers(prog="sidecar", dest="role", metavar="ROLE", required=True, title="roles")
    return made, roles


def _add_role(
    roles: argparse._SubParsersAction[Parser], name: str, role: RoleHelp, *, flags: bool = True
) -> None:
    if not flags:
        roles.add_parser(name)
        return
    made = roles.add_parser(
        name,
        help=role.line,
        usage=_usage(name),
        description=f"{_filled(role.what)}\n\nexamples:\n{role.examples}",
        epilog=f"{_codes(role.codes)}\n{FILES}",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    if name == "refresh":
        made.add_argument("--now", action="store_true", help="renew whatever the schedule says")
        words = "the loop begins: test, and log, that others cannot read the state"
        made.add_argument("--first", action="store_true", help=words)
        words = "one turn, for the token of this resource alone, if SIDECAR_ON_DEMAND allows it: for serve"
        made.add_argument("--demand", metavar="RESOURCE", help=words)
    if name == "exec":
        words = "when the command has ended, remove the published tokens and the sign-in"
        made.add_argument("--wipe", action="store_true", help=words)
    if name in ("status", "doctor"):
        words = "one JSON object for programs: docs/interfaces.md"
        made.add_argument("--json", action="store_true", help=words)
    if name == "status":
        made.add_argument(
            "--watch",
            nargs="?",
            type=_seconds,
            const=WATCH_SECONDS,
            metavar="SECONDS",
            help=f"follow until INT or TERM, every {WATCH_SECONDS} s or as said; appends where the output "
            "is no terminal",
        )
    if role.settings:
        _add_settings(made)


def _usage(name: str) -> str:
    own = {
        "exec": " [--wipe] [--SETTING VALUE ...] -- CMD [ARGUMENT ...]",
        "status": " [--json] [--watch [SECONDS]]",
        "doctor": " [--json] [--SETTING VALUE ...]",
    }
    return f"entrypoint.sh {name}{own.get(name, ' [--SETTING VALUE ...]')}"


def _add_settings(made: argparse.ArgumentParser) -> None:
    for title, names in GROUPS.items():
        settings = [setting for setting in SETTINGS if setting.name in names]
        told = [_without_flag(setting) for setting in settings if setting.name in ENVIRONMENT_ONLY]
        group = made.add_argument_group(f"settings: {title}", "\n".join(told) or None)
        for setting in settings:
            if setting.name not in ENVIRONMENT_ONLY:
                default = f" Default: {setting.default}." if setting.default else ""
                words = f"{setting.help.replace('`', '')}{default} [{setting.name}]".replace("%", "%%")
                group.add_argument(setting.flag, metavar="VALUE", help=words)


def _without_flag(setting: Setting) -> str:
    default = f" (default {setting.default})" if setting.default else ""
    return f"environment only: {setting.name}{default}"


def _codes(codes: tuple[int, ...]) -> str:
    lines = [_filled(f"  {code:<5}{EXIT_CODES[code].replace('`', '')}", indent=7) for code in codes]
    return "\n".join(["exit codes:", *lines, ""])


def _filled(text: str, *, indent: int = 0) -> str:
    return textwrap.fill(text, HELP_COLUMNS, subsequent_indent=" " * indent, replace_whitespace=False)


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=HELP_COLUMNS)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.1 <= number <= 86400:
        raise argparse.ArgumentTypeError("give seconds from 0.1 to 86400")
    return number
