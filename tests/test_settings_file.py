"""The settings file: what is read from it, what wins over it, and how its mistakes are told."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar import setting_values
from sidecar.declarations import SETTINGS
from sidecar.errors import SettingsError
from sidecar.setting import Setting
from sidecar.settings import Settings, read_settings, read_what_is_right
from sidecar.settings_file import MAX_BYTES, read_settings_file

CLIENT = "11111111-2222-4333-8444-555555555555"
TENANT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
GRAPH = "https://graph.microsoft.com/.default"
ARM = "https://management.azure.com/.default"
SMALL = f'client_id = "{CLIENT}"\ntenant_id = "{TENANT}"\nscopes = "{GRAPH}"\n'
ENTRA = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, "SIDECAR_SCOPES": GRAPH}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file lies."""
    return tmp_path / "settings"


def read(file: Path, text: str, environ: dict[str, str] | None = None, **flags: str) -> Settings:
    """The settings with a file of this text."""
    file.write_text(text)
    return read_settings({"SIDECAR_SETTINGS_FILE": str(file), **(environ or {})}, flags)


def mistakes(file: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong, without the path of the file."""
    with pytest.raises(SettingsError) as refused:
        read(file, text, environ)
    return [mistake.replace(f"{file}: ", "") for mistake in refused.value.mistakes]


@pytest.mark.parametrize("tables", [True, False])
def test_file_says_what_the_environment_would(file: Path, tables: bool) -> None:
    """Lists as arrays and tokens as a table, or as the texts of the environment: the same settings."""
    environ = {
        **ENTRA,
        "SIDECAR_TOKENS": f"graph={GRAPH} User.Read arm={ARM}",
        "SIDECAR_ALLOWED_USERS": "alice bob",
        "SIDECAR_FORMATS": "header env",
        "SIDECAR_REFRESH_AT": "0.5",
        "SIDECAR_MIN_VALIDITY": "5m",
        "SIDECAR_TOKEN_GROUP": "1000",
        "SIDECAR_TOKEN_MODE": "0600",
        "SIDECAR_SERVE_IMDS": "on",
        "SIDECAR_PROMPT_QR": "off",
        "SIDECAR_PROMPT_PURPOSE": "the nightly report",
    }
    if tables:
        text = f"""
            client_id = "{CLIENT}"
            tenant_id = "{TENANT}"
            scopes = ["{GRAPH}"]
            allowed_users = ["alice", "bob"]
            formats = ["header", "env"]
            refresh_at = 0.5
            min_validity = "5m"
            token_group = 1000
            token_mode = "0600"
            serve_imds = true
            prompt_qr = false
            prompt_purpose = "the nightly report"
            [tokens]
            graph = ["{GRAPH}", "User.Read"]
            arm = "{ARM}"
        """
    else:
        text = json.dumps(environ)
    found = read(file, text)
    assert found.settings_file == file
    assert vars(found) == {**vars(read_settings(environ, {})), "settings_file": file}


def test_flags_win_over_the_environment_and_that_over_the_file(file: Path) -> None:
    """Each setting by itself. An empty variable is an unset one; an empty flag unsets."""
    text = f'{SMALL}log_level = "debug"\nmin_validity = "1m"\nsignin_timeout = "1m"\nprompt_from = "file"\n'
    environ = {"SIDECAR_MIN_VALIDITY": "2m", "SIDECAR_SIGNIN_TIMEOUT": "2m", "SIDECAR_LOG_LEVEL": ""}
    found = read(file, text, environ, SIDECAR_SIGNIN_TIMEOUT="3m", SIDECAR_PROMPT_FROM="")
    assert (found.log_level, found.min_validity, found.signin_timeout) == ("debug", 120, 180)
    assert found.prompt_from is None


def test_file_can_be_named_by_a_flag(file: Path) -> None:
    """The flag wins, as ever."""
    file.write_text(SMALL)
    flags = {"SIDECAR_SETTINGS_FILE": str(file)}
    assert read_settings({"SIDECAR_SETTINGS_FILE": "/nowhere"}, flags).client_id == CLIENT


@pytest.mark.parametrize("name", ["settings", "settings.json"])
def test_parameters_of_an_msal_sample_are_understood(tmp_path: Path, name: str) -> None:
    """As Microsoft's device code sample has them; its `endpoint` is the app's business."""
    sample = {
        "authority": f"https://login.microsoftonline.us/{TENANT}/",
        "client_id": CLIENT,
        "scope": ["User.Read", "Mail.Read"],
        "endpoint": "https://graph.microsoft.com/v1.0/me",
    }
    found = read(tmp_path / name, json.dumps(sample, indent=4))
    assert found.authority_url == f"https://login.microsoftonline.us/{TENANT}"
    assert (found.client_id, found.scopes) == (CLIENT, ("User.Read", "Mail.Read"))


@pytest.mark.parametrize("end", ["", "/", "/v2.0"])
def test_authority_is_a_host_and_a_tenant(file: Path, end: str) -> None:
    """With what people copy behind it; the environment wins over each of the two."""
    text = json.dumps(
        {"client_id": CLIENT, "authority": f"https://login.example:8443/contoso.example{end}", "scope": "a"}
    )
    assert read(file, text).authority_url == "https://login.example:8443/contoso.example"
    found = read(file, text, {"AZURE_TENANT_ID": "organizations"})
    assert found.authority_url == "https://login.example:8443/organizations"


@pytest.mark.parametrize(
    "authority",
    ["https://login.example", "http://login.example/t", "https://b2c.example/t/policy", "login.example/t", 1],
)
def test_authority_of_another_kind_is_told_how_to_be_written(file: Path, authority: object) -> None:
    """Nothing is guessed: the issuer of another provider has a setting of its own."""
    told = mistakes(file, json.dumps({"client_id": CLIENT, "scope": "a", "authority": authority}))
    assert told[0].startswith("AZURE_TENANT_ID: authority: give https://HOST/TENANT")
    assert "`oidc_authority`" in told[0]


@pytest.mark.parametrize("key", ["client_secret", "secret", "thumbprint", "private_key_file", "password"])
def test_secret_of_a_confidential_client_is_refused_and_not_repeated(file: Path, key: str) -> None:
    """With the reason: nobody should think that it is used."""
    told = mistakes(file, f'{SMALL}{key} = "hunter2"\n')
    assert told[0].startswith(f"SIDECAR_SETTINGS_FILE: {key}: ")
    assert "hunter2" not in "".join(told)


def test_all_mistakes_name_their_key_and_are_told_at_once(file: Path) -> None:
    """Unknown keys with a suggestion, values of another kind, wrong ones, and the environment's."""
    told = mistakes(
        file,
        f"""{SMALL}
            min_validty = "60s"
            SIDECAR_SCOPE = "x"
            nonsense = 1
            state_dir = "/s"
            SIDECAR_TOKEN_DIR = "/t"
            settings_file = "/other"
            token_mode = 0o640
            signin_timeout = 30
            allowed_users = ["a b"]
            log_level = ["info"]
            ca_file = {{a = 1}}
            refresh_at = nan
            prompt_from = 2026-01-01
        """,
        {"SIDECAR_LOG_FORMAT": "xml", "SIDECAR_PROMPT_FORM": "x"},
    )
    shell = "can be set in the environment alone, since the shell reads it too"
    assert set(told) == {
        "SIDECAR_SETTINGS_FILE: min_validty: unknown; did you mean min_validity?",
        "SIDECAR_SETTINGS_FILE: SIDECAR_SCOPE: unknown; did you mean SIDECAR_SCOPES?",
        "SIDECAR_SETTINGS_FILE: nonsense: unknown; there is no such setting",
        f"SIDECAR_SETTINGS_FILE: state_dir: {shell}",
        f"SIDECAR_SETTINGS_FILE: SIDECAR_TOKEN_DIR: {shell}",
        "SIDECAR_SETTINGS_FILE: settings_file: a settings file names no other",
        'SIDECAR_TOKEN_MODE: token_mode: give it as text, such as "0640": '
        "a number is not read as octal by all",
        "SIDECAR_SIGNIN_TIMEOUT: signin_timeout: give a duration such as 30s, 15m or 1h",
        "SIDECAR_ALLOWED_USERS: allowed_users: give a list of texts without spaces and commas",
        "SIDECAR_LOG_LEVEL: log_level: give one value",
        "SIDECAR_CA_FILE: ca_file: give one value",
        "SIDECAR_REFRESH_AT: refresh_at: give a number above 0 and up to 0.8, such as 0.66",
        "SIDECAR_PROMPT_FROM: prompt_from: give one value",
        "SIDECAR_LOG_FORMAT: give one of: console, json",
        "SIDECAR_PROMPT_FORM: unknown; did you mean SIDECAR_PROMPT_FROM?",
    }


def test_setting_that_is_there_twice_is_refused(file: Path) -> None:
    """By two names, or by one in JSON; TOML refuses that by itself."""
    assert mistakes(file, f'{SMALL}AZURE_CLIENT_ID = "{CLIENT}"\n') == [
        "AZURE_CLIENT_ID: AZURE_CLIENT_ID: is set by client_id already"
    ]
    (told,) = mistakes(file, '{"client_id": "a", "client_id": "b"}')
    assert told == "SIDECAR_SETTINGS_FILE: 'client_id' stands there twice"


@pytest.mark.parametrize(
    "table",
    [
        'a = ["x", "b=y"]',
        'a = "x b=y"',
        'a = "x,y"',
        '"a=b c" = "x"',
        'Graph = "x"',
        "a = []",
        "a = 1",
        'header = "x"',
    ],
)
def test_no_scope_passes_for_the_name_of_another_token(file: Path, table: str) -> None:
    """A table is taken as it stands there, or refused."""
    (told,) = mistakes(file, f"{SMALL}[tokens]\n{table}\n")
    assert told.startswith("SIDECAR_TOKENS: tokens: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'client_id = "a"\nb = \n', "line 2: is no TOML"),
        (b"a = 1\na = 2\n", "is no TOML"),
        (b'{\n "a": 1,\n}\n', "line 3: is no JSON"),
        (b"[" * 60_000, "is no"),
        (b'{"a":' * 10_000, "nested too deeply"),
        (b"a = 'x'\n\xff", "line 2: is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "is longer than 64 KiB"),
        (b"a = " + b"9" * 5000, "digits"),
    ],
)
def test_file_that_cannot_be_read_is_told_with_its_line(file: Path, content: bytes, reason: str) -> None:
    """And nothing beside it is called missing, since it may stand there."""
    file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        read_settings({"SIDECAR_SETTINGS_FILE": str(file)}, {})
    (told,) = refused.value.mistakes
    assert told.startswith(f"SIDECAR_SETTINGS_FILE: {file}: ")
    assert reason in told


def test_toml_may_begin_with_a_table(file: Path) -> None:
    """Which JSON might, too."""
    found = read(file, f"[tokens]\ngraph = '{GRAPH}'\n", {**ENTRA, "SIDECAR_SCOPES": ""})
    assert found.tokens == {"graph": (GRAPH,)}


def test_json_has_to_be_an_object(tmp_path: Path) -> None:
    """By its suffix it is JSON, and a list of something."""
    found = mistakes(tmp_path / "a.json", "[1]")
    assert found == ["SIDECAR_SETTINGS_FILE: give one JSON object"]


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    """Missing, a directory, a FIFO that nobody writes to; a link is followed, as those of a ConfigMap."""
    os.mkfifo(tmp_path / "fifo")
    told = {"missing": "No such file or directory", ".": "is no plain file", "fifo": "is no plain file"}
    for name, reason in told.items():
        found = read_settings_file(tmp_path / name)
        assert found.mistakes == [f"SIDECAR_SETTINGS_FILE: {tmp_path / name}: {reason}"]
    (tmp_path / "data").write_text(SMALL)
    (tmp_path / "link").symlink_to("data")
    assert read_settings({"SIDECAR_SETTINGS_FILE": str(tmp_path / "link")}, {}).client_id == CLIENT


def test_mark_of_an_editor_at_the_begin_is_no_mistake(file: Path) -> None:
    """Editors of Windows write one."""
    assert read(file, f"\ufeff{SMALL}").client_id == CLIENT


def test_path_has_to_be_absolute() -> None:
    """Told as any other mistake; what is missing with it, as nothing was read."""
    with pytest.raises(SettingsError) as refused:
        read_settings({**ENTRA, "SIDECAR_SETTINGS_FILE": "settings.toml"}, {})
    assert refused.value.mistakes == ["SIDECAR_SETTINGS_FILE: give an absolute path"]


def test_what_is_right_is_used_beside_mistakes(file: Path) -> None:
    """For `doctor`."""
    file.write_text(f"{SMALL}log_level = 1\nnonsense = 1\n")
    found, told = read_what_is_right({"SIDECAR_SETTINGS_FILE": str(file)}, {})
    assert (found.client_id, found.log_level) == (CLIENT, "info")
    assert len(told) == 2


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([each for setting in SETTINGS for each in (setting.name, setting.attribute)]) | (
    st.sampled_from(["authority", "scope", "endpoint", "secret"]) | st.text(max_size=20)
)


@settings(max_examples=300)
@given(content=st.dictionaries(keys, values, max_size=6))
def test_any_values_give_settings_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object]
) -> None:
    """One printable line each; nothing else comes of a file."""
    file = tmp_path_factory.mktemp("any") / "any.json"
    file.write_text(json.dumps(content))
    found, told = read_what_is_right({**ENTRA, "SIDECAR_SETTINGS_FILE": str(file)}, {})
    assert all(mistake.isprintable() for mistake in told)
    assert all(scope and " " not in scope for scopes in found.tokens.values() for scope in scopes)


@settings(max_examples=200)
@given(content=st.binary(max_size=200) | st.text(st.sampled_from("[]{}=\",.a1\n#'\\")).map(str.encode))
def test_any_bytes_give_settings_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whatever the file is."""
    file = tmp_path_factory.mktemp("any") / "any"
    file.write_bytes(content)
    assert all(mistake.isprintable() for mistake in read_settings_file(file).mistakes)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_is_a_list_may_be_an_array(setting: Setting, tmp_path: Path) -> None:
    """Whatever the environment separates by spaces, a list of a later day too."""
    for word in ("header", "https://vault.azure.net", "6f1d3c52-8a0b-4c77-9a43-0c0a5e7d1c01"):
        with suppress(ValueError):
            if (
                isinstance(setting.parse(word), tuple | frozenset)
                and setting.parse is not setting_values.address
            ):
                file = tmp_path / "settings.json"
                file.write_text(json.dumps({setting.name: [word]}))
                assert read_settings_file(file).texts == {setting.name: word}
