"""Every setting, declared once: the parser, `--help` and the README's table come from here."""

from __future__ import annotations

from sidecar import setting_values as values
from sidecar.kubernetes_declarations import KUBERNETES
from sidecar.setting import Setting

SETTINGS_FILE = "SIDECAR_SETTINGS_FILE"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        SETTINGS_FILE,
        values.path,
        "TOML or JSON file of further settings, or the `parameters.json` of an MSAL sample; the environment "
        "wins over it. docs/settings-file.md.",
    ),
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
        "Further tokens by name, from the same sign-in: `graph=https://graph.microsoft.com/.default,"
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
    Setting(
        "SIDECAR_FORMATS",
        values.formats,
        "Further files beside each token: `header` (for `curl -H @file`), `env` (to be sourced).",
    ),
    Setting(
        "SIDECAR_TEMPLATE_DIR",
        values.path,
        "Directory of templates: each is published under its name, with tokens filled in.",
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
    Setting(
        "SIDECAR_PROMPT_FROM",
        values.line,
        "Who asks, as the prompt shows it, such as `namespace/pod`. Unset: the host's name.",
    ),
    Setting(
        "SIDECAR_PROMPT_PURPOSE",
        values.line,
        "What the sign-in is for, in words that the person knows: `nightly report of the finance team`.",
    ),
    Setting(
        "SIDECAR_PROMPT_QR",
        values.one_of("auto", "off"),
        "QR code of the address in the banner: `auto`, where the output can show one, or `off`.",
        "auto",
    ),
    Setting(
        "SIDECAR_PROMPT_WEBHOOK_URL",
        values.http_url,
        "Told of each prompt and of its end by POST. Without a flag, as such URLs are secrets.",
    ),
    Setting(
        "SIDECAR_PROMPT_WEBHOOK_FORMAT",
        values.one_of("json", "slack", "teams"),
        "`json`, or what an incoming webhook of Slack or a workflow of Teams takes.",
        "json",
    ),
    Setting(
        "SIDECAR_PROMPT_COMMAND",
        values.line,
        "Run with `sh -c` for each prompt and for its end; the record is on its standard input.",
    ),
    Setting(
        "SIDECAR_SIGNIN_HOURS",
        values.signin_hours,
        "When `refresh` may ask people to sign in: `mon-fri 08:00-18:00 Europe/Berlin`; without days every "
        "day, without a zone UTC. Unset: at any time.",
    ),
    Setting(
        "SIDECAR_ON_PUBLISH_COMMAND",
        values.line,
        "Run with `sh -c` after new tokens were published; may run more than once for the same.",
    ),
    Setting(
        "SIDECAR_ON_PUBLISH_SIGNAL",
        values.signal_target,
        "Signal sent after new tokens were published: `HUP:nginx` by process name, `HUP:/run/app.pid` by pid "
        "file, `HUP:42` by pid; `HUP` alone with `exec`: to the command.",
    ),
    Setting(
        "SIDECAR_SERVE_ADDRESS",
        values.address,
        "Where `serve` listens. Other than on loopback only with SIDECAR_SERVE_SECRET_FILE.",
        "127.0.0.1:8484",
    ),
    Setting(
        "SIDECAR_SERVE_SECRET_FILE",
        values.path,
        "File with the secret that `serve` asks for: of everybody if it does not listen on loopback, and "
        "always of who wants a token.",
    ),
    Setting(
        "SIDECAR_SERVE_HOSTS",
        values.lower_words,
        "Names by which `serve` is asked, beside those of loopback, such as `entra-serve`.",
    ),
    Setting(
        "SIDECAR_SERVE_IMDS",
        values.one_of("off", "on"),
        "`on`: `serve` answers like the metadata service of a virtual machine too, which asks for no secret; "
        "on loopback alone.",
        "off",
    ),
    Setting(
        "SIDECAR_ON_DEMAND",
        values.resources,
        "Resources whose tokens are fetched when somebody asks `serve` for them, such as "
        "`https://vault.azure.net`, or `any`. Unset: none but those of SIDECAR_SCOPES and SIDECAR_TOKENS.",
    ),
    *KUBERNETES,
    Setting("SIDECAR_LOG_FORMAT", values.one_of("console", "json"), "`console` or `json`.", "console"),
    Setting(
        "SIDECAR_LOG_LEVEL",
        values.one_of("debug", "info", "warning", "error"),
        "`debug`, `info`, `warning` or `error`. The prompt appears at every level.",
        "info",
    ),
)

SHELL_TOO = frozenset({"SIDECAR_TOKEN_DIR", "SIDECAR_STATE_DIR"})
"""Those that entrypoint.sh reads as well."""

ENVIRONMENT_ONLY = SHELL_TOO | {"SIDECAR_PROMPT_WEBHOOK_URL"}
"""Those without a flag: command lines are public."""
