"""The composition root: the only reader of the command line and of the environment."""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

from sidecar.arguments import parsed
from sidecar.core import demand
from sidecar.declarations import SETTINGS, SHELL_TOO
from sidecar.errors import SettingsError, SidecarError, UsageError
from sidecar.posix.stdout import give_up_stdout, say
from sidecar.settings import Settings, given_settings, read_settings, read_what_is_right

NOBODY_NAMED = (
    "SIDECAR_ON_PUBLISH_SIGNAL: names nobody, and only `exec` has a command of its own; say whom it is for, "
    "such as HUP:nginx, HUP:/run/app.pid or HUP:42"
)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one role and return its exit code."""
    environ = os.environ if environ is None else environ
    own, command = _split(sys.argv[1:] if argv is None else argv)
    try:
        arguments = parsed(own)
        if arguments.role == "status":
            return _status(environ, as_json=arguments.json, watch_seconds=arguments.watch)
        flags = {
            setting.name: value
            for setting in SETTINGS
            if (value := getattr(arguments, setting.attribute, None)) is not None
        }
        if arguments.role == "doctor":
            return _doctor(environ, flags, as_json=arguments.json)
        if arguments.role == "exec" and not command:
            raise UsageError("exec needs a command: exec -- CMD ...", advice="entrypoint.sh exec --help")
        settings = read_settings(environ, flags, serves=arguments.role == "serve")
        if arguments.role != "exec" and settings.on_publish_signal and not settings.on_publish_signal.target:
            raise SettingsError([NOBODY_NAMED])
        asked = getattr(arguments, "demand", None)
        if asked is not None and not demand.allowed(asked, settings.on_demand):
            raise SettingsError([f"SIDECAR_ON_DEMAND: does not allow {asked[:200]!a}"])
    except UsageError as error:
        print(f"{error.message}\ntry: {error.advice}", file=sys.stderr)
        return error.exit_code
    except SettingsError as error:
        print("The settings need a change:", *error.mistakes, sep="\n  - ", file=sys.stderr)
        return error.exit_code
    if arguments.role == "exec":
        return _exec(settings, command, own, environ, wipe=arguments.wipe)
    if arguments.role == "serve":
        return _serve(settings, own[1:])
    return _turn(settings, arguments, environ)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of `exec` what stands before the first `--` is ours, all behind it is the command's."""
    if argv[:1] == ["exec"] and "--" in argv:
        at = argv.index("--")
        return list(argv[:at]), list(argv[at + 1 :])
    return list(argv), []


def _turn(settings: Settings, arguments: SimpleNamespace, environ: Mapping[str, str]) -> int:
    """Imports wait until the settings are known to be right: a mistake is told without MSAL's start-up."""
    from sidecar.deferral import defer

    # Nothing of what is imported is garbage, and nothing of it will be.
    gc.disable()
    defer()
    from sidecar.adapters.log import Log
    from sidecar.composition import run_turn
    from sidecar.posix.interrupts import Interrupted, Interrupts
    from sidecar.posix.secrecy import forbid_core_dumps

    gc.freeze()
    gc.enable()
    forbid_core_dumps()
    role, asked = arguments.role, getattr(arguments, "demand", None)
    interrupts = Interrupts()
    log = Log(format=settings.log_format, level=settings.log_level)
    host = socket.gethostname()
    try:
        interrupts.install(hangup_ends=role == "signin")
        try:
            run_turn(
                settings,
                role=role,
                at_once=getattr(arguments, "now", False),
                first=getattr(arguments, "first", True),
                interrupts=interrupts,
                log=log,
                host=host,
                environ=environ,
                demand=asked,
            )
        finally:
            interrupts.retire()
    except Interrupted as interrupted:
        log.event("shutdown.requested", signal=str(interrupted))
        return interrupted.exit_code
    except SidecarError as error:
        if (
            role == "refresh"
            and not asked
            and settings.on_signin_required == "prompt"
            and error.exit_code == 77
        ):
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
            state = [settings.state_secret] if settings.state_secret else []
            shared = [*state, *settings.publish_secret]
            supervision.wipe(settings.token_dir, settings.state_dir, shared=shared)


def _serve(settings: Settings, flags: Sequence[str]) -> int:
    from sidecar.adapters.log import Log
    from sidecar.exec import shell_above
    from sidecar.posix.interrupts import Interrupted, Interrupts
    from sidecar.posix.secrecy import forbid_core_dumps
    from sidecar.serve import serve

    forbid_core_dumps()
    shell = shell_above(os.environ)  # a killed one would leave us there, with the port
    interrupts = Interrupts()
    log = Log(format=settings.log_format, level=settings.log_level)
    try:
        interrupts.install()
        try:
            serve(settings, log=log, flags=flags, abandoned=lambda: shell not in (None, os.getppid()))
        finally:
            # The shell repeats TERM until we are gone; while the interpreter ends, it would kill.
            interrupts.retire()
    except Interrupted as interrupted:
        log.event("shutdown.requested", signal=str(interrupted))
        return 0
    except SidecarError as error:
        log.failure("serve.failed", error, level="error")
        return error.exit_code
    return 0


def _doctor(environ: Mapping[str, str], flags: Mapping[str, str], *, as_json: bool) -> int:
    """Each check is shown as soon as it is made; programs get one object at the end."""
    from sidecar.core import checkup
    from sidecar.doctor import examine
    from sidecar.posix.clock import SystemClock
    from sidecar.posix.identity import own_identity
    from sidecar.posix.interrupts import Interrupted, Interrupts
    from sidecar.posix.secrecy import forbid_core_dumps

    forbid_core_dumps()
    interrupts = Interrupts()
    checks = []
    try:
        interrupts.install(hangup_ends=True)
        settings, mistakes = read_what_is_right(environ, flags)
        for check in examine(
            settings,
            mistakes=mistakes,
            set_count=sum(bool(text.strip()) for text in given_settings(environ, flags)[0].values()),
            identity=own_identity(),
            clock=SystemClock(),
            interrupts=interrupts,
            environ=environ,
        ):
            checks.append(check)
            say("" if as_json else checkup.words(check))
        say(json.dumps(checkup.document(checks)) + "\n" if as_json else checkup.summary(checks))
        interrupts.retire()
    except Interrupted as interrupted:
        return interrupted.exit_code
    return int(checkup.failed(checks))


def _status(environ: Mapping[str, str], *, as_json: bool, watch_seconds: float | None) -> int:
    """Only the two directories matter here, so that it also answers where the rest is misconfigured."""
    from sidecar.adapters.state_dir import PRIVATE, StateDirectory
    from sidecar.adapters.token_dir import Access, TokenDirectory
    from sidecar.core import status_words
    from sidecar.posix.interrupts import Interrupted, Interrupts
    from sidecar.status import found_in, report
    from sidecar.watch import follow

    paths = {
        setting.name: Path(environ.get(setting.name) or setting.default or "/")
        for setting in SETTINGS
        if setting.name in SHELL_TOO
    }
    state = StateDirectory(paths["SIDECAR_STATE_DIR"] / PRIVATE)
    token_dir = TokenDirectory(paths["SIDECAR_TOKEN_DIR"], Access())

    def draw(columns: int) -> list[str]:
        status = report(
            found_in(token_dir, state, now=time.time()), boot=time.clock_gettime(time.CLOCK_BOOTTIME)
        )
        return [json.dumps(status)] if as_json else status_words.lines(status, columns=columns)

    if watch_seconds is None:
        say("".join(f"{line}\n" for line in draw(status_words.COLUMNS)))
        return 0
    interrupts = Interrupts()
    say("")
    try:
        interrupts.install(hangup_ends=True)
        try:
            follow(draw, stream=sys.stdout, seconds=watch_seconds, sleep=time.sleep, for_people=not as_json)
        except OSError:
            give_up_stdout()
    except Interrupted as interrupted:
        return interrupted.exit_code
    return 0
