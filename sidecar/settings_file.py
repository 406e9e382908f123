"""A settings file: TOML or JSON, also the `parameters.json` of Microsoft's MSAL samples.

Every value becomes the text that the environment would hold, so that there is one way to read a setting.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sidecar import setting_values as values
from sidecar.core.printable import printable
from sidecar.declarations import SETTINGS, SETTINGS_FILE, SHELL_TOO
from sidecar.posix.files import read_given
from sidecar.setting import FromFile, Setting

MAX_BYTES = 64 << 10

_LISTS = (values.words, values.lower_words, values.guids, values.formats, values.resources)
_BY_KEY = {**{each.attribute: each for each in SETTINGS}, **{each.name: each for each in SETTINGS}}
_IGNORED = frozenset({"endpoint"})
"""Of the samples: the address that the sample calls, which is the app's business."""

_SECRETS = frozenset(
    ("secret", "client_secret", "client_credential", "certificate", "thumbprint", "private_key_file")
)
_REFUSED = {
    **dict.fromkeys(_SECRETS, "this is a public client, which has no secret; remove it here and at the app"),
    "password": "nobody's password is taken; people sign in at the page that the prompt names",
    "username": "nobody is signed in by name; `allowed_users` says who may sign in",
    **dict.fromkeys(
        [each for name in SHELL_TOO for each in (name, name.removeprefix("SIDECAR_").lower())],
        "can be set in the environment alone, since the shell reads it too",
    ),
    **dict.fromkeys((SETTINGS_FILE, "settings_file"), "a settings file names no other"),
}


def read_settings_file(path: Path) -> FromFile:
    """What the file says, and every mistake with file and key."""
    try:
        content = _parsed(read_given(path, most=MAX_BYTES).decode("utf-8-sig"), path)
    except (OSError, ValueError, RecursionError) as error:
        told = f"{SETTINGS_FILE}: {printable(path, 300)}: {_reason(error)}"
        return FromFile(mistakes=[told], broken=True)
    reading = _Reading(path)
    for key, value in content.items():
        reading.take(key, value)
    return FromFile(reading.texts, reading.keys, reading.mistakes)


def _parsed(text: str, path: Path) -> Mapping[str, object]:
    """By the name, and where that says nothing by the first character: no TOML begins with a brace."""
    as_json = path.suffix == ".json" or (path.suffix != ".toml" and text.lstrip()[:1] == "{")
    found = json.loads(text, object_pairs_hook=_each_once) if as_json else tomllib.loads(text)
    if not isinstance(found, dict):
        raise ValueError("give one JSON object")
    return found


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!a} stands there twice")
    return found


def _reason(error: OSError | ValueError | RecursionError) -> str:
    """Never a part of the file, which may hold secrets."""
    match error:
        case OSError():
            return error.strerror or "cannot be read"
        case UnicodeDecodeError():
            line = error.object.count(b"\n", 0, error.start) + 1
            return f"line {line}: is not UTF-8"
        case json.JSONDecodeError():
            return f"line {error.lineno}: is no JSON: {error.msg}"
        case tomllib.TOMLDecodeError():
            line_found = re.search(r"\(at line (\d+)", str(error))
            where = f"line {line_found[1]}: " if line_found else ""
            return f"{where}is no TOML: {printable(error, 200)}"
        case RecursionError():
            return "is nested too deeply"
    return printable(error, 200)


class _Reading:
    def __init__(self, path: Path) -> None:
        self.texts: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.mistakes: list[str] = []
        self._path = printable(path, 300)

    def take(self, key: str, value: object) -> None:
        setting = _BY_KEY.get(key)
        if key in _REFUSED:
            self._mistake(SETTINGS_FILE, key, _REFUSED[key])
        elif key == "authority":
            self._take_authority(key, value)
        elif key == "scope":
            self._take_text(_BY_KEY["scopes"], key, value)
        elif setting is not None:
            self._take_text(setting, key, value)
        elif key not in _IGNORED:
            self._mistake(SETTINGS_FILE, key, _suggestion(key))

    def _take_text(self, setting: Setting, key: str, value: object) -> None:
        try:
            self._keep(setting.name, key, _text_of(setting, value))
        except ValueError as error:
            self._mistake(setting.name, key, str(error))

    def _take_authority(self, key: str, value: object) -> None:
        """MSAL's: `https://HOST/TENANT`. Its way to any other provider is `oidc_authority`, as it is ours."""
        try:
            url = values.https_url(value if isinstance(value, str) else "")
            path = urlsplit(url).path.strip("/").removesuffix("/v2.0")
            tenant = values.tenant(path)
        except ValueError:
            self._mistake(
                "AZURE_TENANT_ID",
                key,
                "give https://HOST/TENANT, such as https://login.microsoftonline.com/contoso.example; "
                "the issuer of another provider is `oidc_authority`",
            )
            return
        parts = urlsplit(url)
        self._keep("AZURE_AUTHORITY_HOST", key, f"{parts.scheme}://{parts.netloc}")
        self._keep("AZURE_TENANT_ID", key, tenant)

    def _keep(self, name: str, key: str, text: str) -> None:
        if name in self.keys:
            self._mistake(name, key, f"is set by {self.keys[name].rpartition(': ')[2]} already")
            return
        self.texts[name] = text
        self.keys[name] = f"{self._path}: {printable(key, 100)}"

    def _mistake(self, name: str, key: str, words: str) -> None:
        self.mistakes.append(f"{name}: {self._path}: {printable(key, 100)}: {words}")


def _text_of(setting: Setting, value: object) -> str:
    """As the environment would say it.

    :raises ValueError: with what would be right
    """
    kind: Callable[[str], object] = setting.parse
    if isinstance(value, dict) and kind is values.named_scopes:
        return _named_scopes(value)
    if isinstance(value, list) and kind in _LISTS:
        return " ".join(_word(word) for word in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        if kind is values.file_mode:
            raise ValueError('give it as text, such as "0640": a number is not read as octal by all')
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        wanted = "a text or a list of texts" if kind in _LISTS else "one value"
        raise ValueError(f"give {wanted}")
    return value


def _named_scopes(table: Mapping[str, object]) -> str:
    """`name=scope scope …`; read again it has to be the same, so that no scope passes for a name."""
    wanted = {}
    for name, scopes in table.items():
        words = scopes.split() if isinstance(scopes, str) else scopes
        if not isinstance(words, list) or not words:
            raise ValueError(f"{printable(name, 80)!a}: give its scopes, as a text or a list of texts")
        wanted[name] = tuple(dict.fromkeys(_word(word) for word in words))
    text = " ".join(f"{name}={' '.join(scopes)}" for name, scopes in wanted.items())
    if text and values.named_scopes(text) != wanted:
        raise ValueError("give names of small letters, digits and `_.-`, and scopes without `=`")
    return text


def _word(word: object) -> str:
    if not isinstance(word, str) or not re.fullmatch(r"[^\s,]+", word):
        raise ValueError("give a list of texts without spaces and commas")
    return word


def _suggestion(key: str) -> str:
    known = [each for each in _BY_KEY if each not in _REFUSED]
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown; did you mean {close[0]}?" if close else "unknown; there is no such setting"
