"""Texts to values: each function returns the value or raises ValueError with what would be right."""

from __future__ import annotations

import grp
import re
import socket
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from urllib.parse import urlsplit

from sidecar.core import demand
from sidecar.core.formats import FILES, FORMATS
from sidecar.core.signal_target import SignalTarget
from sidecar.core.signin_hours import SigninHours, signin_hours_from

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_DURATION = re.compile(r"(\d{1,7})([smhd])")
_GROUP_MAX = 2**32 - 2
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TOKEN_NAME = re.compile(r"([a-z0-9][a-z0-9_.-]{0,62})=(.*)", re.DOTALL)
_LIKE_A_NAME = re.compile(r"[^:/]*=.*", re.DOTALL)
_TAKEN_NAMES = frozenset({*FILES, *FORMATS})


def is_guid(text: str) -> bool:
    """8-4-4-4-12 hexadecimal digits."""
    return _GUID.fullmatch(text) is not None


def text(value: str) -> str:
    """One printable word."""
    if not value.isprintable() or " " in value:
        raise ValueError("has spaces or unprintable characters")
    return value


def line(value: str) -> str:
    """One line of printable text."""
    if not value.isprintable() or len(value) > 1000:
        raise ValueError("give one line of at most 1000 printable characters")
    return value


def words(value: str) -> tuple[str, ...]:
    """A list, separated by spaces or commas; what is said twice counts once."""
    return tuple(dict.fromkeys(_split(value)))


def _split(value: str) -> list[str]:
    found = [word for word in re.split(r"[\s,]+", value) if word]
    if not found or not all(word.isprintable() for word in found):
        raise ValueError("give one or more values, separated by spaces or commas")
    return found


def lower_words(value: str) -> frozenset[str]:
    """A set without regard to case."""
    return frozenset(word.lower() for word in words(value))


def guids(value: str) -> frozenset[str]:
    """A set of GUIDs: tokens name tenants by id, never by domain."""
    found = lower_words(value)
    wrong = sorted(word for word in found if not is_guid(word))
    if wrong:
        raise ValueError(f"{wrong[0]!a} is not a GUID; give tenant ids, not domains")
    return found


def tenant(value: str) -> str:
    """A GUID, a domain, or `organizations`, `common`, `consumers`."""
    if not _TENANT.fullmatch(value):
        raise ValueError("give the tenant's id (a GUID), one of its domains, or `organizations`")
    return value


def https_url(value: str) -> str:
    """An https URL without the slash at its end; tokens never travel in clear."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme == "https" and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # brackets without an IPv6 address, or a port that is no number below 65536
        sound = False
    if not sound or not value.isprintable() or set(value) & set(" ?#\\"):
        raise ValueError("give an https URL, such as https://login.microsoftonline.com")
    return value.rstrip("/")


def http_url(value: str) -> str:
    """An http or https URL; it may be a secret, so that no message repeats it."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets without an IPv6 address, or a port that is no number below 65536
        sound = False
    if not sound or not value.isascii() or not value.isprintable() or set(value) & set(" #\\"):
        raise ValueError("give an http or https URL, such as https://hooks.example.com/T000/B000")
    return value


def issuer(value: str) -> str:
    """An https URL with a path: MSAL 1.39 takes no other (its authority.py)."""
    url = https_url(value)
    if not urlsplit(url).path.strip("/"):
        raise ValueError("needs a path after the host, such as https://id.example.com/realms/main")
    return url


def path(value: str) -> Path:
    """An absolute path."""
    if not value.startswith("/"):
        raise ValueError("give an absolute path")
    return Path(value)


def duration(value: str) -> int:
    """30s, 15m, 1h or 1d, in seconds."""
    found = _DURATION.fullmatch(value)
    if not found or int(found[1]) == 0:
        raise ValueError("give a duration such as 30s, 15m or 1h")
    return int(found[1]) * _UNITS[found[2]]


def fraction(value: str) -> float:
    """Between 0 and 0.8."""
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 < number <= 0.8:
        raise ValueError("give a number above 0 and up to 0.8, such as 0.66")
    return number


def file_mode(value: str) -> int:
    """Octal; the owner reads and writes, nobody else writes, nobody executes."""
    if not re.fullmatch("0?[0-7]{3}", value) or int(value, 8) & 0o733 != 0o600:
        raise ValueError(
            "give an octal mode such as 0640: read and write for the owner, at most read for others"
        )
    return int(value, 8)


def group(value: str) -> int:
    """A number, or the name of a group that exists here."""
    if value.isdecimal():
        if len(value) > 10 or int(value) > _GROUP_MAX:
            raise ValueError(f"give a group number up to {_GROUP_MAX}")
        return int(value)
    try:
        return grp.getgrnam(value).gr_gid
    except KeyError:
        raise ValueError(f"there is no group {value!a} here; give its number") from None


def named_scopes(value: str) -> dict[str, tuple[str, ...]]:
    """`name=scope` pairs; a word without a name is a further scope of the one before."""
    found: dict[str, tuple[str, ...]] = {}
    current = None
    for word in _split(value):
        pair = _TOKEN_NAME.fullmatch(word)
        if pair:
            current = pair[1]
            if current in found or current in _TAKEN_NAMES:
                raise ValueError(f"the name {current!a} is taken")
            found[current] = ()
            word = pair[2]
        elif _LIKE_A_NAME.fullmatch(word):
            raise ValueError(f"{word!a}: names have up to 63 small letters, digits and `_.-`")
        if current is None:
            raise ValueError("give name=scope pairs, such as graph=https://graph.microsoft.com/.default")
        if word and word not in found[current]:
            found[current] += (word,)
    empty = sorted(name for name, scopes in found.items() if not scopes)
    if empty:
        raise ValueError(f"{empty[0]!a} has no scope")
    return found


def formats(value: str) -> tuple[str, ...]:
    """Some of `header` and `env`."""
    found = words(value.lower())
    if wrong := sorted(set(found) - set(FORMATS)):
        raise ValueError(f"{wrong[0]!a} is none; give `header`, `env` or both")
    return found


def address(value: str) -> tuple[str, int]:
    """An IP address and a port: names could lead anywhere."""
    host, _, port = value.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    plain, mark, zone = host.removeprefix("[").removesuffix("]").partition("%")
    try:
        packed = socket.inet_pton(family, plain)
        sound = port.isdecimal() and len(port) <= 5 and int(port) < 65536
        # RFC 4007 section 11: a link-local address names its interface, [fe80::1%eth0].
        sound = sound and (not mark or (family == socket.AF_INET6 and zone != "" and "%" not in zone))
    except (OSError, ValueError):  # ValueError: a zero byte
        sound = False
    if not sound:
        raise ValueError("give an IP address and a port, such as 127.0.0.1:8484, [::1]:8484 or 0.0.0.0:8484")
    return socket.inet_ntop(family, packed) + mark + zone, int(port)


def resources(value: str) -> tuple[str, ...]:
    """Resources of Entra, each in the one way to write it; or `any`."""
    found = []
    for word in words(value):
        try:
            found.append(demand.ANY if word.lower() == demand.ANY else demand.normalised(word))
        except ValueError as error:
            raise ValueError(f"{word[:100]!a}: {error}") from None
    return tuple(dict.fromkeys(found))


def language(value: str) -> str:
    """A language tag such as de or de-DE."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("give a language tag such as de-DE")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"give one of: {', '.join(choices)}")
        return value.lower()

    return parse


def signin_hours(value: str) -> SigninHours:
    """Days, hours and a zone, such as `mon-fri 08:00-18:00 Europe/Berlin`; without a zone UTC."""
    return signin_hours_from(value, zone=_zone)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"there is no time zone {name!a} here") from None


def signal_target(value: str) -> SignalTarget:
    """`HUP:nginx`, `USR1:/run/app.pid`, `HUP:42`, or a signal alone."""
    name, _, target = value.partition(":")
    name = name.upper().removeprefix("SIG")
    if name not in ("HUP", "USR1", "USR2", "INT", "TERM", "WINCH", "CONT"):
        raise ValueError("give a signal such as HUP, USR1 or USR2 and whom it is for, such as HUP:nginx")
    if target.isdecimal() and not 1 < int(target) < 2**31:
        raise ValueError("give a process id above 1: the first process of a container is not the app to tell")
    return SignalTarget(name, target or None)
