"""The settings of this run: flags, environment and file, read as `declarations` say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sidecar import setting_values as values
from sidecar.core.account import Admission
from sidecar.core.grant import Authority
from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.printable import printable
from sidecar.core.signal_target import SignalTarget
from sidecar.core.signin_hours import SigninHours
from sidecar.core.token import UNNAMED, Wanted
from sidecar.declarations import SETTINGS, SETTINGS_FILE
from sidecar.errors import SettingsError
from sidecar.setting import FromFile, Setting

# Kubernetes gives every pod variables for the services of its namespace, so one named "sidecar" or
# "sidecar-x" looks like ours (kubernetes.io, "Discovering services").
_SERVICE_LINK = re.compile(
    r"SIDECAR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)"
)


_QUOTED = re.compile(r"""(['"]).*\1""", re.DOTALL)

_RESOURCE = re.compile(r"https://[^/]+/?")
"""A resource without a scope of it: Entra would take all before the last slash for the resource."""


@dataclass(frozen=True)
class Settings:
    """The settings, parsed. Durations are whole seconds."""

    settings_file: Path | None
    client_id: str
    tenant_id: str | None
    authority_host: str
    scopes: tuple[str, ...]
    tokens: Mapping[str, tuple[str, ...]]
    token_dir: Path
    state_dir: Path
    formats: tuple[str, ...]
    template_dir: Path | None
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
    prompt_from: str | None
    prompt_purpose: str | None
    prompt_qr: str
    prompt_webhook_url: str | None
    prompt_webhook_format: str
    prompt_command: str | None
    signin_hours: SigninHours | None
    on_publish_command: str | None
    on_publish_signal: SignalTarget | None
    serve_address: tuple[str, int]
    serve_secret_file: Path | None
    serve_hosts: frozenset[str]
    serve_imds: str
    on_demand: tuple[str, ...]
    publish_secret: tuple[ObjectName, ...]
    state_secret: ObjectName | None
    pod: Pod | None
    service_account_dir: Path
    log_format: str
    log_level: str

    @property
    def authority_url(self) -> str:
        """Where to sign in: the tenant's at Entra, or any issuer's."""
        return self.oidc_authority or f"{self.authority_host}/{self.tenant_id}"

    @property
    def authority(self) -> Authority:
        """The same, and of which kind it is."""
        return Authority(self.authority_url, oidc=self.oidc_authority is not None)

    @property
    def wanted(self) -> Wanted:
        """What is configured; the unnamed token first: it is the one whose sign-in serves the others."""
        unnamed = {UNNAMED: self.scopes} if self.scopes else {}
        return {**unnamed, **self.tokens}

    @property
    def admission(self) -> Admission:
        """Who may sign in: of one tenant only its own people, if nothing else is said."""
        tenants = self.allowed_tenants
        if not tenants and self.oidc_authority is None and values.is_guid(self.tenant_id or ""):
            tenants = frozenset({str(self.tenant_id).lower()})
        return Admission(users=self.allowed_users, tenants=tenants)


@dataclass
class _Reading:
    given: Mapping[str, str]
    file: FromFile
    mistakes: list[str] = field(default_factory=list)

    def value(self, setting: Setting) -> object:
        text = self.given.get(setting.name, "").strip() or setting.default
        if text is None:
            return None
        try:
            if _QUOTED.fullmatch(text) and setting.name in self.given:
                raise ValueError("stands in quotes, which docker's --env-file keeps: leave them out")
            return setting.parse(text)
        except ValueError as error:
            where = f"{self.file.keys[setting.name]}: " if setting.name in self.file.keys else ""
            self.mistakes.append(f"{setting.name}: {where}{error}")
            return None


def given_settings(environ: Mapping[str, str], flags: Mapping[str, str]) -> tuple[dict[str, str], FromFile]:
    """What is set, by name, and what of it comes from a file: flags over environment over file. An empty
    variable is an unset one; an empty flag unsets what the others say.
    """
    named = {setting.name for setting in SETTINGS}
    variables = {name: text for name, text in environ.items() if name in named and text.strip()}
    path = flags.get(SETTINGS_FILE, variables.get(SETTINGS_FILE, "")).strip()
    file = FromFile()
    if path.startswith("/"):
        from sidecar.settings_file import read_settings_file

        file = read_settings_file(Path(path))
    keys = {name: key for name, key in file.keys.items() if name not in variables and name not in flags}
    return {**file.texts, **variables, **flags}, replace(file, keys=keys)


def read_settings(environ: Mapping[str, str], flags: Mapping[str, str], *, serves: bool = False) -> Settings:
    """Flags over environment over file over defaults; an empty value is an unset one. The role `serves` reads
    files that others write: it needs no app and no tenant unless it fetches tokens.

    :raises SettingsError: with every mistake at once
    """
    found, mistakes = _survey(environ, flags)
    if serves and not found["on_demand"]:
        absent = _missing(given_settings(environ, flags)[0])
        mistakes = [mistake for mistake in mistakes if mistake not in absent]
        found["client_id"] = found["client_id"] or ""
    if mistakes:
        raise SettingsError(mistakes)
    return Settings(**found)  # type: ignore[arg-type] # parse gave the types


def read_what_is_right(environ: Mapping[str, str], flags: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings as far as they can be used, and every mistake: what is wrong is as if unset, and an app
    that is not named is "".
    """
    found, mistakes = _survey(environ, flags)
    for setting in SETTINGS:
        if found[setting.attribute] is None and setting.default is not None:
            found[setting.attribute] = setting.parse(setting.default)
    found["client_id"] = found["client_id"] or ""
    return Settings(**found), mistakes  # type: ignore[arg-type] # parse gave the types


def _survey(environ: Mapping[str, str], flags: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    reading = _Reading(*given_settings(environ, flags))
    found = {setting.attribute: reading.value(setting) for setting in SETTINGS}
    mistakes = reading.file.mistakes + reading.mistakes + _unknown(environ)
    if not reading.file.broken:  # what is missing may stand there
        mistakes += _missing(reading.given)
    entra = not reading.given.get("SIDECAR_OIDC_AUTHORITY", "").strip()
    if entra and found["client_id"] is not None and not values.is_guid(str(found["client_id"])):
        mistakes.append("AZURE_CLIENT_ID: not a GUID; copy the Application (client) ID")
    if not entra and found["allowed_tenants"]:
        mistakes.append("SIDECAR_ALLOWED_TENANTS: only Entra has tenants; use SIDECAR_ALLOWED_USERS")
    if not entra and found["on_demand"]:
        mistakes.append("SIDECAR_ON_DEMAND: only Entra has resources; name scopes in SIDECAR_TOKENS")
    if found["state_secret"] and not found["cache_key_file"]:
        mistakes.append(
            "SIDECAR_STATE_SECRET: needs SIDECAR_CACHE_KEY_FILE; unsealed, the refresh token could be read "
            "by all who may read Secrets"
        )
    if found["state_secret"] and found["state_secret"] in _published(found["publish_secret"]):
        mistakes.append("SIDECAR_PUBLISH_SECRET: apps read it, so SIDECAR_STATE_SECRET must be another one")
    named = {"SIDECAR_SCOPES": _all_of(found["scopes"]), "SIDECAR_TOKENS": _all_of(found["tokens"])}
    mistakes += [
        f"{setting}: {scope} is a resource and no scope; did you mean {scope.rstrip('/')}/.default?"
        for setting, scopes in named.items()
        for scope in scopes
        if entra and _RESOURCE.fullmatch(scope)
    ]
    for name in ("scopes", "formats", "on_demand", "publish_secret"):
        found[name] = found[name] or ()
    found["tokens"] = found["tokens"] or {}
    for name in ("allowed_users", "allowed_tenants", "serve_hosts"):
        found[name] = found[name] or frozenset()
    return found, mistakes


def _published(parsed: object) -> tuple[ObjectName, ...]:
    return parsed if isinstance(parsed, tuple) else ()


def _all_of(parsed: object) -> list[str]:
    """The scopes of one token or of several by name; none if nothing was parsed."""
    if isinstance(parsed, dict):
        return [scope for scopes in parsed.values() for scope in scopes]
    return list(parsed) if isinstance(parsed, tuple) else []


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
        import difflib

        close = difflib.get_close_matches(name.partition("_")[2], by_end, n=1)
        hint = f"did you mean {by_end[close[0]]}?" if close else "there is no such setting"
        mistakes.append(f"{printable(name, 100)}: unknown; {hint}")
    return mistakes
