"""Any environment and any command line: a value, or one message with every mistake and its exit code."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from unittest import mock

from sidecar import cli
from sidecar.declarations import SETTINGS
from sidecar.settings import Settings
from tests.torture.fuzz.draws import FORGED, ODD_VALUES, Draws
from tests.torture.fuzz.promises import printable_lines

GUID = "11111111-1111-4111-8111-111111111111"
SOUND = {
    "AZURE_CLIENT_ID": GUID,
    "AZURE_TENANT_ID": "contoso.example",
    "AZURE_AUTHORITY_HOST": "https://login.example:8443/",
    "SIDECAR_SCOPES": "User.Read,https://graph.microsoft.com/.default",
    "SIDECAR_TOKENS": "graph=https://graph.microsoft.com/.default arm=a b",
    "SIDECAR_TOKEN_MODE": "0640",
    "SIDECAR_TOKEN_GROUP": "65532",
    "SIDECAR_CACHE_KEY_FILE": "/nowhere/key",
    "SIDECAR_ALLOWED_USERS": "alice@contoso.example",
    "SIDECAR_ALLOWED_TENANTS": GUID,
    "SIDECAR_SIGNIN_TIMEOUT": "1h",
    "SIDECAR_ON_SIGNIN_REQUIRED": "exit",
    "SIDECAR_REFRESH_AT": "0.5",
    "SIDECAR_MIN_VALIDITY": "60s",
    "SIDECAR_OIDC_AUTHORITY": "https://id.example/realms/main",
    "SIDECAR_CA_FILE": "/nowhere/ca.pem",
    "SIDECAR_PROMPT_LANGUAGE": "de-DE",
    "SIDECAR_LOG_FORMAT": "json",
    "SIDECAR_LOG_LEVEL": "debug",
}
NECESSARY = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "SIDECAR_SCOPES")
DIRECTORIES = {"SIDECAR_TOKEN_DIR": "/nowhere/tokens", "SIDECAR_STATE_DIR": "/nowhere/state"}
NAMES = (
    *(setting.name for setting in SETTINGS),
    *("SIDECAR_ALLOWED_USER", "SIDECAR_SERVICE_HOST", "SIDECAR_", "SIDECAR_X", "PATH", f"SIDECAR_{FORGED}"),
)
WORDS = (
    *("signin", "refresh", "exec", "status", "--json", "--now", "--wipe", "--", "--help", "--version", "-"),
    *(setting.flag for setting in SETTINGS),
    *("", "--scope", f"--{FORGED}", FORGED, "=", "--scopes=x", "--client-id=", "true"),
)
TEXTS = (*SOUND.values(), *(value for value in ODD_VALUES if isinstance(value, str)))


def one_input(data: bytes) -> None:
    """Only 0, 64 and 78 come back before a turn has begun; settings that are taken have their types."""
    draws = Draws(data)
    environ = {name: SOUND[name] for name in NECESSARY} | DIRECTORIES
    for _ in range(draws.below(6)):
        environ[_word(draws, NAMES)] = _word(draws, TEXTS)
    argv = [draws.one_of(("signin", "refresh", "exec", "status"))]
    for _ in range(draws.below(6)):
        argv.append(_word(draws, (*WORDS, *TEXTS)))
    if draws.sometimes(8):
        del argv[0]
    # A process is given neither.
    environ = {_whole(name).replace("=", ""): _whole(value) for name, value in environ.items()}
    code, output, taken = _run([_whole(word) for word in argv], environ)
    assert code in (0, 64, 78), code
    assert code == 0 or output, "an exit code without a word"
    printable_lines(output)
    for settings in taken:
        _well_typed(settings)


def _run(argv: list[str], environ: dict[str, str]) -> tuple[int, str, list[Settings]]:
    """A turn or a command is not begun, only noted: what they do is the matter of other targets."""
    taken: list[Settings] = []

    def begun(settings: Settings, *_args: object, **_kwargs: object) -> int:
        taken.append(settings)
        return 0

    output = io.StringIO()
    with (
        mock.patch.object(cli, "_turn", begun),
        mock.patch.object(cli, "_exec", begun),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            code = cli.main(argv, environ)
        except SystemExit as ended:  # argparse, after --help and --version
            code = ended.code if isinstance(ended.code, int) else -1
    return code, output.getvalue(), taken


def _well_typed(settings: Settings) -> None:
    assert settings.client_id.isprintable()
    assert settings.authority_host.startswith("https://")
    assert settings.tenant_id or settings.oidc_authority
    assert settings.scopes or settings.tokens
    assert all(settings.tokens.values())
    assert settings.token_mode & 0o600 == 0o600
    assert settings.token_mode & 0o133 == 0
    assert 0 < settings.refresh_at <= 0.8
    assert settings.min_validity > 0
    assert settings.signin_timeout > 0
    for path in (settings.token_dir, settings.state_dir, settings.ca_file, settings.cache_key_file):
        assert path is None or (isinstance(path, Path) and path.is_absolute())


def _word(draws: Draws, known: tuple[str, ...]) -> str:
    kind = draws.below(3)
    if kind == 0:
        return draws.one_of(known)
    if kind == 1:
        return draws.torn(draws.one_of(known).encode("utf-8", "surrogatepass")).decode(
            "utf-8", "surrogateescape"
        )
    return draws.text()


def _whole(text: str) -> str:
    """As the operating system hands texts over: no zero byte, and other bytes as surrogates."""
    return text.replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
