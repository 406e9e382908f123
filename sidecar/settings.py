"""Every setting, declared once: the parser, `--help` and the README's table come from here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar import setting_values as values
from sidecar.core.oauth_answer import printable
from sidecar.errors import SettingsError


@dataclass(frozen=True)
class Setting:
    """`name` is the environment variable; `parse` raises ValueError with what would be right."""

    name: str
    parse: Callable[[str], object]
    help: str
    default: str | None = None

    @property
    def attribute(self) -> str:
        """Its name in `Settings`: AZURE_CLIENT_ID is `client_id`."""
        return re.sub("^(AZURE|SIDECAR)_", "", self.name).lower()

    @property
    def flag(self) -> str:
        """Its name on the command line: `--client-id`."""
        return "--" + self.attribute.replace("_", "-")


SETTINGS: tuple[Setting, ...] = (
    Setting("AZURE_CLIENT_ID", values.text, "Application (client) ID of the app registration."),
    Setting(
        "AZURE_TENANT_ID",
        values.tenant,
        "Tenant ID, a domain of the tenant, or `organizations`. Not needed with SIDECAR_OIDC_AUTHORITY.",
    ),
    Setting(
        "AZURE_AUTHORITY_HOST",
        values.https_url,
        "Login host; another one for national clouds.",
        "https://login.microsoftonline.com",
    ),
    Setting(
        "SIDECAR_SCOPES",
        values.words,
        "Scopes of the token at the root of the token directory, all of one resource, such as "
        "`https://graph.microsoft.com/.default` or `User.Read`.",
    ),
    Setting(
        "SIDECAR_TOKENS",
        values.named_scopes,
        "Further tokens by name, from the same sign-in: `graph=https://graph.microsoft.com/.default "
        "arm=https://management.azure.com/.default`.",
    ),
    Setting(
        "SIDECAR_TOKEN_DIR",
        values.path,
        "Where apps read tokens. Environment only, as the shell reads it too.",
        "/var/run/secrets/entra",
    ),
    Setting(
        "SIDECAR_STATE_DIR",
        values.path,
        "Private to the sidecar: holds the refresh token. Environment only, as above.",
        "/var/lib/entra-sidecar",
    ),
    Setting("SIDECAR_TOKEN_MODE", values.file_mode, "Mode of the token files, octal.", "0640"),
    Setting(
        "SIDECAR_TOKEN_GROUP",
        values.group,
        "Group of the token files, name or number; unset: what the volume gives.",
    ),
    Setting(
        "SIDECAR_CACHE_KEY_FILE",
        values.path,
        "File with keys that seal the cache: base64 of 32 bytes a line; the first seals, any opens.",
    ),
    Setting(
        "SIDECAR_ALLOWED_USERS",
        values.lower_words,
        "Who may sign in: object ids (recommended, they are never reassigned) or user names. Unset: the "
        "first of the allowed tenants who does, but no guest.",
    ),
    Setting(
        "SIDECAR_ALLOWED_TENANTS",
        values.guids,
        "Tenants that accounts may be of, and guests at home in. Unset: AZURE_TENANT_ID if that is a GUID, "
        "else any.",
    ),
    Setting(
        "SIDECAR_SIGNIN_TIMEOUT",
        values.duration,
        "How long to wait for a person; codes that expire meanwhile are replaced.",
        "1h",
    ),
    Setting(
        "SIDECAR_ON_SIGNIN_REQUIRED",
        values.one_of("prompt", "exit"),
        "When a person has to sign in: `prompt`, or `exit` with 77.",
        "prompt",
    ),
    Setting(
        "SIDECAR_REFRESH_AT",
        values.fraction,
        "Fraction of a token's life after which it is renewed, unless Entra advises a time; at most 0.8.",
        "0.66",
    ),
    Setting(
        "SIDECAR_MIN_VALIDITY",
        values.duration,
        "The life that `readiness` asks of a token; never more than half of what was granted.",
        "60s",
    ),
    Setting(
        "SIDECAR_OIDC_AUTHORITY",
        values.issuer,
        "Issuer URL of any OpenID provider with the device grant (RFC 8628), instead of Entra.",
    ),
    Setting(
        "SIDECAR_CA_FILE",
        values.path,
        "PEM file of further certificate authorities to trust, such as a TLS-inspecting proxy's.",
    ),
    Setting(
        "SIDECAR_PROMPT_LANGUAGE",
        values.language,
        "Language of Entra's own part of the prompt, such as `de-DE`.",
    ),
    Setting("SIDECAR_LOG_FORMAT", values.one_of("console", "json"), "`console` or `json`.", "console"),
    Setting(
        "SIDECAR_LOG_LEVEL",
        values.one_of("debug", "info", "warning", "error"),
        "`debug`, `info`, `warning` or `error`. The prompt appears at every level.",
        "info",
    ),
)

ENVIRONMENT_ONLY = frozenset({"SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR"})

# Kubernetes gives every pod variables for the services of its namespace, so one named "sidecar" or
# "sidecar-x" looks like ours (kubernetes.io, "Discovering services").
_SERVICE_LINK = re.compile(
    r"SIDECAR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)"
)


@dataclass(frozen=True)
class Settings:
    """The settings, parsed. Durations are whole seconds."""

    client_id: str
    tenant_id: str | None
    authority_host: str
    scopes: tuple[str, ...]
    tokens: Mapping[str, tuple[str, ...]]
    token_dir: Path
    state_dir: Path
    token_mode: int
    token_group: int | None
    cache_key_file: Path | None
    allowed_users: frozenset[str]
    allowed_tenants: frozenset[str]
    signin_timeout: int
    on_signin_required: str
    refresh_at: float
    min_validity: int
    oidc_authority: str | None
    ca_file: Path | None
    prompt_language: str | None
    log_format: str
    log_level: str


@dataclass
class _Reading:
    given: Mapping[str, str]
    mistakes: list[str] = field(default_factory=list)

    def value(self, setting: Setting) -> object:
        text = self.given.get(setting.name, "").strip() or setting.default
        if text is None:
            return None
        try:
            return setting.parse(text)
        except ValueError as error:
            self.mistakes.append(f"{setting.name}: {error}")
            return None


def read_settings(environ: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """Flags over environment over defaults; an empty value is an unset one.

    :raises SettingsError: with every mistake at once
    """
    reading = _Reading({**environ, **flags})
    found = {setting.attribute: reading.value(setting) for setting in SETTINGS}
    mistakes = reading.mistakes + _unknown(environ) + _missing(reading.given)
    entra = not reading.given.get("SIDECAR_OIDC_AUTHORITY", "").strip()
    if entra and found["client_id"] is not None and not values.is_guid(str(found["client_id"])):
        mistakes.append("AZURE_CLIENT_ID: not a GUID; copy the Application (client) ID")
    if not entra and found["allowed_tenants"]:
        mistakes.append("SIDECAR_ALLOWED_TENANTS: only Entra has tenants; use SIDECAR_ALLOWED_USERS")
    if mistakes:
        raise SettingsError(mistakes)
    for name, empty in (("scopes", ()), ("tokens", {})):
        found[name] = found[name] or empty
    for name in ("allowed_users", "allowed_tenants"):
        found[name] = found[name] or frozenset()
    return Settings(**found)  # type: ignore[arg-type] # parse gave the types


def _missing(given: Mapping[str, str]) -> list[str]:
    def unset(name: str) -> bool:
        return not given.get(name, "").strip()

    mistakes = []
    if unset("AZURE_CLIENT_ID"):
        mistakes.append("AZURE_CLIENT_ID: missing; it is the Application (client) ID of the app registration")
    if unset("AZURE_TENANT_ID") and unset("SIDECAR_OIDC_AUTHORITY"):
        mistakes.append(
            "AZURE_TENANT_ID: missing; it is the Directory (tenant) ID, a domain or `organizations`"
        )
    if unset("SIDECAR_SCOPES") and unset("SIDECAR_TOKENS"):
        mistakes.append(
            "SIDECAR_SCOPES: missing; say what the token is for, such as https://graph.microsoft.com/.default"
        )
    return mistakes


def _unknown(environ: Mapping[str, str]) -> list[str]:
    """The prefix is left out of the comparison: with it, every name is like every other."""
    by_end = {setting.name.partition("_")[2]: setting.name for setting in SETTINGS}
    mistakes = []
    for name in sorted(environ):
        if not name.startswith("SIDECAR_") or name in by_end.values() or _SERVICE_LINK.fullmatch(name):
            continue
        close = difflib.get_close_matches(name.partition("_")[2], by_end, n=1)
        hint = f"did you mean {by_end[close[0]]}?" if close else "there is no such setting"
        mistakes.append(f"{printable(name, 100)}: unknown; {hint}")
    return mistakes
