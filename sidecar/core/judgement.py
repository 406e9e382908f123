"""What `doctor` thinks of what it found: pure, one function a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidecar.core.account import Account
from sidecar.core.checkup import Check, Outcome
from sidecar.core.device_code import Answer, PollResult
from sidecar.core.health import HEARTBEAT_MAX_SECONDS
from sidecar.core.printable import printable
from sidecar.core.schedule import CLOCK_OFFSET_SECONDS
from sidecar.core.time_words import span, utc, utc_date
from sidecar.errors import SidecarError

CERTIFICATE_SOON_SECONDS = 14 * 86400
SECRET_WANTED = frozenset({"invalid_client", "unauthorized_client"})
PUBLIC_CLIENT_FIX = (
    "Turn on App registrations > (the app) > Authentication > Advanced settings > Allow public client flows."
)


def from_error(name: str, error: SidecarError, *, beside: str = "") -> Check:
    """A failure that the program would meet too."""
    return Check(name, Outcome.FAIL, f"{error.message}{beside}", error.advice)


def judge_settings(set_count: int, mistakes: Sequence[str], *, file: str | None = None) -> Check:
    """All mistakes at once."""
    if not mistakes:
        words = f"{set_count} set, all right" + (f"; {file} is read" if file else "")
        return Check("settings", Outcome.PASS, words)
    return Check(
        "settings",
        Outcome.FAIL,
        "; ".join(mistakes),
        "Change what is named, in the environment, as a flag or in the file; README.md lists every setting.",
    )


def judge_user(uid: int, gid: int, groups: Sequence[int]) -> Check:
    """Root works, and keeps less from whom breaks in."""
    others = sorted(set(groups) - {gid})
    seen = f"uid {uid}, gid {gid}" + (f", groups {' '.join(map(str, others))}" if others else "")
    if uid == 0:
        return Check(
            "user", Outcome.WARN, seen, "It needs no root: run it as a user of its own, as the image does."
        )
    return Check("user", Outcome.PASS, seen)


def judge_account(account: Account | None, token_names: Sequence[str], *, sealed: bool) -> Check:
    """Who is signed in, from the cache. Whether the refresh token still works is not tried: it may be one
    that is good for a single use.
    """
    how = "sealed" if sealed else "not sealed"
    if account is None:
        return Check("cache", Outcome.PASS, f"opens ({how}); nobody is signed in")
    names = ", ".join(name or "token" for name in token_names) or "no token"
    seen = f"{account.name} is signed in ({how}); holds {names}; the refresh token is not tried"
    if not sealed:
        return Check("cache", Outcome.WARN, seen, "Seal it: name a key in SIDECAR_CACHE_KEY_FILE.")
    return Check("cache", Outcome.PASS, seen)


def judge_published(lives: Mapping[str, int], *, wanted: Sequence[str]) -> Check:
    """`lives` are the remaining seconds of each published token."""
    if not lives:
        return Check("published", Outcome.SKIP, "nothing is published yet")
    told = ", ".join(
        f"{name or 'token'} {span(left) + ' left' if left > 0 else 'expired ' + span(left) + ' ago'}"
        for name, left in lives.items()
    )
    if any(left <= 0 for left in lives.values()):
        return Check("published", Outcome.FAIL, told, "`status` and the log say why it was not renewed.")
    missing = [name or "token" for name in wanted if name not in lives]
    if missing:
        return Check(
            "published", Outcome.WARN, f"{told}; not published: {', '.join(missing)}", "See the log."
        )
    return Check("published", Outcome.PASS, told)


def judge_heartbeat(age_seconds: int | None) -> Check:
    """By the boot clock, as the probe of liveness does; None where no loop has run."""
    if age_seconds is None or age_seconds < 0:
        return Check("loop", Outcome.SKIP, "no loop has run since this machine was started")
    if age_seconds > HEARTBEAT_MAX_SECONDS:
        return Check(
            "loop",
            Outcome.WARN,
            f"last heartbeat {span(age_seconds)} ago",
            "If `refresh` should be running, restart it.",
        )
    return Check("loop", Outcome.PASS, f"heartbeat {span(age_seconds)} ago")


def judge_prompt(prompt: Mapping[str, object] | None) -> Check:
    """An open prompt is nothing wrong, and what everything waits for."""
    if prompt is None:
        return Check("prompt", Outcome.PASS, "no sign-in is being waited for")
    phrase = f" ({prompt['phrase']})" if prompt.get("phrase") else ""
    return Check(
        "prompt",
        Outcome.WARN,
        f"a sign-in is waited for until {utc(prompt.get('expires_on'))}{phrase}",
        "Sign in: `status` shows the address and the code.",
    )


def judge_webhook(url: str | None, format: str) -> Check:
    """Of the URL no more than its kind is shown: it is a secret."""
    if url is None:
        return Check("webhook", Outcome.SKIP, "none is set")
    seen = f"an {url.split(':')[0]} URL, as {format}; nothing was sent"
    if not url.startswith("https:"):
        return Check("webhook", Outcome.WARN, seen, "Use https: the prompt's code travels in clear.")
    return Check("webhook", Outcome.PASS, seen)


def judge_certificate(version: str, issuer: str, *, expires_on: float, now: float) -> Check:
    """A trusted certificate that ends soon is the server's or a proxy's to renew."""
    seen = f"trusted, {version}, issued by {printable(issuer, 60)}, until {utc_date(expires_on)}"
    if expires_on - now < CERTIFICATE_SOON_SECONDS:
        return Check("tls", Outcome.WARN, seen, "Whoever runs the server, or the proxy, should renew it.")
    return Check("tls", Outcome.PASS, seen)


def judge_clock(offset_seconds: float | None) -> Check:
    """`offset_seconds` above 0: this machine is ahead of the authority."""
    if offset_seconds is None:
        return Check("clock", Outcome.SKIP, "no answer told the authority's time")
    if abs(offset_seconds) <= CLOCK_OFFSET_SECONDS:
        return Check(
            "clock", Outcome.PASS, f"within {max(abs(round(offset_seconds)), 1)} s of the authority's"
        )
    which = "ahead of" if offset_seconds > 0 else "behind"
    return Check(
        "clock",
        Outcome.WARN,
        f"{span(offset_seconds)} {which} the authority's",
        "Set the clock of the node (chrony, systemd-timesyncd).",
    )


def judge_poll(result: PollResult) -> Check | None:
    """One poll of a code that nobody was shown; None if it says nothing against the client.

    At Entra a client that is not public is refused here only after somebody has signed in, as people report
    (ADAL for Python, issue 175), so that "pending" proves nothing.
    """
    if result.answer is Answer.REFUSED and result.error is not None:
        return from_error("public_client", result.error)
    if result.answer is Answer.TROUBLE:
        why = result.error.message if result.error else "trouble"
        return Check("public_client", Outcome.WARN, why, "Run `doctor` again.")
    return None


def judge_made_up(error: SidecarError | None) -> Check:
    """How a refresh token that never existed was refused. That Entra looks at the client before the token
    was not tried at Entra itself; RFC 6749 section 3.2.1 wants it so.
    """
    code = str(error.fields.get("error")) if error else "nothing"
    if error is not None and code in SECRET_WANTED:
        return Check("public_client", Outcome.FAIL, error.message, error.advice or PUBLIC_CLIENT_FIX)
    if error is not None and code == "invalid_grant":
        seen = "no secret is asked for: a code is pending, a made-up refresh token is invalid_grant"
        return Check("public_client", Outcome.PASS, seen)
    return Check(
        "public_client",
        Outcome.WARN,
        f"not to be told without a person: a code is pending, a made-up refresh token is {code}",
        "If a sign-in ends with 7000218: " + PUBLIC_CLIENT_FIX,
    )
