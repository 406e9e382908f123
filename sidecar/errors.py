"""Everything that can go wrong, named by what has to happen next.

Each class carries the exit code (sysexits.h), whether trying again by itself can help, and who can
help (`cure`, one of the values of `sidecar.core.advice.Action`); each instance the advice for the person
who reads the log. Messages never hold a token, a device code or a response body.
"""

from __future__ import annotations

import re
from typing import ClassVar

EXIT_CODES: dict[int, str] = {
    0: "Done. `signin`: a live token is published.",
    1: "`probe`: no. `doctor`: something has to be mended.",
    64: "Usage: the command line is wrong.",
    69: "The authority cannot be reached or its certificate is not trusted.",
    73: "A directory cannot be written: missing, read-only, full.",
    75: "Temporary, or out of time: try again.",
    77: "Sign-in declined, not allowed, blocked by policy, or needed while prompting is off.",
    78: "Configuration: a setting, a key, a directory, the app registration.",
    126: "`exec`: the command cannot be executed.",
    127: "`exec`: the command was not found. Any other code of `exec` may be the command's own.",
    130: "Ended by INT.",
    143: "Ended by TERM (`refresh` ends with 0).",
}

ERROR_PAGE = "docs/errors.md"
LogValue = str | int | float | bool | None | list[str]


class SidecarError(Exception):
    """The root: `message` says what happened, `advice` what to do, `fields` go to the log."""

    exit_code: ClassVar[int] = 75
    retryable: ClassVar[bool] = False
    cure: ClassVar[str] = "retry"

    def __init__(self, message: str, *, advice: str = "", **fields: LogValue) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.fields = fields

    @classmethod
    def anchor(cls) -> str:
        """The section of docs/errors.md about this class, such as signin-required."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()


def of_kind(kind: str | None, message: str, *, retry_after: int) -> SidecarError:
    """The failure of an earlier try, as what it was (`kind` is its anchor) but for its fields. One that is
    not known any more may pass by itself.
    """
    every = [SidecarError]
    for each in every:
        every += each.__subclasses__()
    known = {each.anchor(): each for each in every}
    del known[SettingsError.anchor()]  # it is made of mistakes, and never of a try
    found: type[SidecarError] = known.get(kind or "", AuthorityBusy)
    advice = "The last try failed a moment ago; the log says more."
    if issubclass(found, AuthorityBusy):
        return found(message, retry_after=retry_after, advice=advice)
    return found(message, advice=advice)


class UsageError(SidecarError):
    """The command line is wrong."""

    exit_code = 64
    cure = "configuration"


class ConfigurationError(SidecarError):
    """Nothing but a change of settings helps."""

    exit_code = 78
    cure = "configuration"


class SettingsError(ConfigurationError):
    """One or more settings are wrong; `mistakes` lists all of them, each with its fix."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("settings: " + "; ".join(mistakes))
        self.mistakes = mistakes


class ListenerLost(SidecarError):
    """`serve` cannot be reached any more, though nobody ended it; whoever started it starts it again."""

    retryable = True


class NotKept(SidecarError):
    """Something cannot be kept or published where it should be. The turn ends, and nothing that is kept is
    lost; `pause_seconds` is when it is tried again. `told`: the log has it already.
    """

    pause_seconds: int = 20
    told: bool = False


class DirectoryError(NotKept):
    """A directory cannot be written: missing, read-only, full or not ours."""

    exit_code = 73
    cure = "configuration"


class DirectoryRefused(ConfigurationError):
    """A directory can be written but would not keep what it holds apart or private."""


class StillAtWork(SidecarError):
    """Another turn holds the state directory, such as one with an open prompt."""

    retryable = True


class CacheSealed(ConfigurationError):
    """The cache is whole, but none of the keys given opens it. It is left untouched."""


class ClusterError(NotKept):
    """The Kubernetes API did not do what it was asked for; the subclasses say what helps."""


class ClusterUnreachable(ClusterError):
    """No usable answer of the API server: DNS, connection, TLS, time-out."""

    retryable = True


class ClusterBusy(ClusterError):
    """429 or 5xx of the API server."""

    retryable = True


class ClusterForbidden(ClusterError):
    """401 or 403: the ServiceAccount lacks a rule, which the advice spells out. RBAC takes a moment to
    arrive, and an administrator may mend it: no turn is the last one because of this.
    """

    cure = "administrator"


class ObjectMissing(ClusterError):
    """A Secret or Lease is not there. The manifests make them; this program may not."""

    cure = "configuration"


class ClusterConflict(ClusterError):
    """409: somebody else has written the object since it was read."""

    retryable = True


class ClusterRefused(ClusterError):
    """Another 4xx, such as an object of more than 1 MiB."""

    cure = "configuration"


class SecretNotOurs(ClusterError):
    """Another sidecar publishes to this Secret; what apps see would change from one person to another."""

    cure = "configuration"


class StateSealed(ClusterError):
    """The shared state is whole, but none of the keys given opens it, yet. It is left untouched."""

    cure = "configuration"


class LeaseHeld(ClusterError):
    """Another replica is at work. That is how it should be, and no trouble of anybody's."""

    retryable = True


class AuthorityUnreachable(SidecarError):
    """No usable answer: DNS, connection, time-out, or somebody else's page instead of JSON."""

    exit_code = 69
    retryable = True


class AuthorityUntrusted(SidecarError):
    """The TLS certificate was not accepted; trying again does not change that."""

    exit_code = 69
    cure = "configuration"


class AuthorityBusy(SidecarError):
    """429 or 5xx. `retry_after` is the server's wish in seconds, None if it had none."""

    retryable = True

    def __init__(
        self, message: str, *, retry_after: int | None, advice: str = "", **fields: LogValue
    ) -> None:
        super().__init__(message, advice=advice, **fields)
        self.retry_after = retry_after


class TokenUnusable(SidecarError):
    """The authority granted a token that no app could use, such as one already expired."""

    retryable = True


class AuthorityRefused(SidecarError):
    """An OAuth error (RFC 6749 section 5.2) that waiting does not cure: the subclasses say what does."""

    exit_code = 77


class SigninRequired(AuthorityRefused):
    """The refresh token is no longer accepted, or there is none: a person has to sign in."""

    cure = "sign in"


class SigninBlocked(AuthorityRefused):
    """The tenant's policy does not let this sign-in be, and signing in again would not change that. Nobody is
    prompted; it is tried again slowly, and heals when an administrator has changed the policy.
    """

    cure = "administrator"


class AuthorityMisconfigured(ConfigurationError, AuthorityRefused):
    """The authority does not accept the client, the tenant, the scopes or the grant as set."""

    exit_code = 78


class SigninDeclined(SidecarError):
    """The person said no on the sign-in page."""

    exit_code = 77
    cure = "sign in"


class SigninTimedOut(SidecarError):
    """Nobody signed in before the deadline."""

    cure = "sign in"


class AccountRefused(SidecarError):
    """The account that signed in is not one of those allowed."""

    exit_code = 77
    cure = "sign in"
