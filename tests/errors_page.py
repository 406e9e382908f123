"""docs/errors.md: what can go wrong, from the table of Entra's numbers and from the classes of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sidecar.core import device_code
from sidecar.core.advice import BY_NUMBER, ROWS, Action, Phase, Row
from sidecar.core.device_code import Answer
from sidecar.core.entra_errors import ACTIONS, SUBERROR_SOURCE, SUBERRORS, diagnose
from sidecar.core.refusal import REFUSALS
from sidecar.errors import AuthorityBusy, AuthorityRefused, SidecarError, SigninDeclined

ERRORS = Path(__file__).parents[1] / "docs" / "errors.md"

HEAD = """# Errors

`make docs` writes this page from `sidecar/core/advice` and `sidecar/errors.py`.

A line of the log that tells of an error carries `message`, `advice` (what to do), `cure` (who can help:
`wait`, `retry`, `sign in`, `administrator` or `configuration`) and `see`, a link to a section below. What
Entra has answered adds `error` and `suberror`, `aadsts` (its numbers), `correlation_id` and
`authority_time`: by these an administrator finds the attempt under Entra admin center > Monitoring & health >
Sign-in logs.

Microsoft asks programs not to depend on the numbers, so `error` and `suberror` decide what the sidecar does,
and the number what it advises; two numbers hold a prompt back ([decision 7](decisions/0007-error-names.md)).
*Unverified* means that users report it and no page of Microsoft's says so; *presumed* that no public answer
shows the `error` beside the number. None of this was seen by us at a real tenant.
"""

AGAIN = "`refresh` prompts again after 30 s, doubling to 10 min"
OFF = "ends with 77 where `SIDECAR_ON_SIGNIN_REQUIRED` is `exit`"
DOES: Mapping[Action, str] = {
    Action.WAIT: "polls the open code again; any other request is tried again as with `server_error`",
    Action.RETRY: "tries again after 5 s, doubling to 60 s, or when Retry-After says; nobody is asked",
    Action.SIGN_IN: f"a renewal: prompts once, or {OFF}; a sign-in: {AGAIN}",
    Action.ADMINISTRATOR: "logs `signin.blocked` and prompts nobody; tries again after 15 min, doubling to "
    f"1 h, and at once on HUP; {OFF}",
    Action.CONFIGURATION: "ends, `refresh` too, and tries again when it is started again",
}
POLLED: Mapping[Answer, str] = {
    Answer.EXPIRED: "shows a new code and goes on",
    Answer.DECLINED: AGAIN,
}
POLL_ERRORS = (
    "expired_token",
    "bad_verification_code",
    "code_expired",
    "authorization_declined",
    "access_denied",
)
CHAPTERS: Mapping[Action, str] = {
    Action.ADMINISTRATOR: "What an administrator cures",
    Action.SIGN_IN: "What a person cures by signing in",
    Action.CONFIGURATION: "What the settings or the app registration cure",
    Action.RETRY: "What passes by itself",
    Action.WAIT: "What is no error",
}


def every_class(root: type[SidecarError] = SidecarError) -> Iterator[type[SidecarError]]:
    """The root and all below it."""
    yield root
    for child in root.__subclasses__():
        yield from every_class(child)


def kinds() -> list[type[SidecarError]]:
    """The classes that the log can tell of, each once."""
    ours = (kind for kind in every_class() if kind.__module__ == SidecarError.__module__)
    return list(dict.fromkeys(kind for kind in ours if kind not in (SidecarError, AuthorityRefused)))


def errors_page() -> str:
    """The whole page."""
    parts = [HEAD, _by_error(), _by_suberror(), _index()]
    for cure, title in CHAPTERS.items():
        parts += [f"## {title}\n", *(_section(row) for row in ROWS if row.cure is cure)]
    return "\n".join([*parts, _ours()])


def _by_error() -> str:
    lines = ['<a id="by-error"></a>\n\n## By error\n', *_heads("`error`")]
    lines += [f"| `{error}` | {DOES[action]} | {_code(action)} |" for error, action in ACTIONS.items()]
    lines += [_line(error, (), " of a poll") for error in POLL_ERRORS]
    lines.append(f"| any other | {DOES[Action.RETRY]} | {_code(Action.RETRY)} |")
    return "\n".join(lines) + "\n\nThe published token stays while it lives, whatever happens here.\n"


def _heads(first: str) -> list[str]:
    return [f"| {first} | the sidecar | `signin` ends with |", "|---|---|---|"]


def _by_suberror() -> str:
    lines = [
        "### By suberror\n",
        f"It refines those errors that a person cures, [as MSAL.NET does]({SUBERROR_SOURCE}).\n",
        "| `suberror` | who cures it | what to do |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {action.value} | {advice} |" for name, (action, advice) in SUBERRORS.items()]
    return "\n".join(lines) + "\n"


def _index() -> str:
    lines = ["## By number\n", "| AADSTS | meaning | who cures it |", "|---|---|---|"]
    lines += [
        f"| [{number}](#aadsts-{number}) | {row.numbers[number]} | {row.cure.value} |"
        for number, row in sorted(BY_NUMBER.items())
    ]
    return "\n".join(lines) + "\n"


def _section(row: Row) -> str:
    lines = [f"### {row.title}\n"]
    for number, meaning in row.numbers.items():
        doubt = " (unverified)" if number in row.unverified else ""
        lines.append(f'- <a id="aadsts-{number}"></a>**AADSTS{number}**: {meaning}{doubt}')
    seen_at = ", ".join(phase.value for phase in row.seen_at)
    lines += ["", f"**What to do:** {row.advice}", "", f"Seen at {seen_at}."]
    if row.seen_at != (Phase.BROWSER,):
        lines += ["", *_heads("comes as (presumed)" if row.presumed else "comes as")]
        lines += [_line(name, tuple(row.numbers)) for name in row.comes_as]
    sources = ", ".join(f"<{url}>" for url in row.source)
    return "\n".join([*lines, "", f"Source: {sources}\n"])


def _line(name: str, numbers: tuple[int, ...], where: str = "") -> str:
    error, _, suberror = name.partition("/")
    words = f"`{error}`" + (f" with `{suberror}`" if suberror else "") + where
    answer = device_code.answer_for(error)
    if answer in POLLED:
        code = str(SigninDeclined.exit_code) if answer is Answer.DECLINED else "–"
        return f"| {words} | {POLLED[answer]} | {code} |"
    diagnosis = diagnose(error, suberror=suberror, codes=numbers)
    does = DOES[diagnosis.action]
    if diagnosis.pause_seconds:
        does = f"tries again after {diagnosis.pause_seconds // 60} min; nobody is asked"
    return f"| {words} | {does} | {_code(diagnosis.action)} |"


def _code(action: Action) -> str:
    if action is Action.WAIT:
        return "–"
    kind: type[SidecarError] = REFUSALS.get(action, AuthorityBusy)
    return f"{kind.exit_code}" + (" at a sign-in" if action is Action.SIGN_IN else "")


def _ours() -> str:
    lines = [
        "## Errors of our own\n",
        "| class | what it is | exit code | tried again by itself | who cures it |",
        "|---|---|---|---|---|",
    ]
    for kind in kinds():
        words = " ".join((kind.__doc__ or "").split())
        again = "within the turn" if kind.retryable else "by later turns"
        if kind.exit_code in (64, 78):
            again = "no"
        name = f'<a id="{kind.anchor()}"></a>`{kind.__name__}`'
        lines.append(f"| {name} | {words} | {kind.exit_code} | {again} | {kind.cure} |")
    return "\n".join(lines) + "\n"
