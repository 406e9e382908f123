"""Texts to values: what is taken, what is refused, and that a refusal says what would be right."""

from __future__ import annotations

import grp
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import setting_values as values

GUID = "11111111-2222-4333-8444-ABCDEFabcdef"
plain_words = st.text(string.ascii_letters + string.digits + ":/._-", min_size=1, max_size=20)
separators = st.sampled_from([" ", ",", ", ", "\n", " \t "])


@given(found=st.lists(plain_words, min_size=1, max_size=5), between=separators)
def test_lists_are_separated_by_spaces_or_commas(found: list[str], between: str) -> None:
    """In the order given; what is said twice counts once."""
    assert values.words(f" {between.join(found)} ,") == tuple(dict.fromkeys(found))


@pytest.mark.parametrize("value", ["", " ", ",", " , ,", "a\x1bb", "a\u202eb"])
def test_list_without_a_printable_word_is_refused(value: str) -> None:
    """A comma alone is no list, and an invisible character is a copying mistake."""
    with pytest.raises(ValueError, match="one or more values"):
        values.words(value)


def test_lists_of_people_and_tenants_have_no_case() -> None:
    """GUIDs and user names are compared in lower case."""
    assert values.lower_words("Alice@X.Example alice@x.example") == {"alice@x.example"}
    assert values.guids(f"{GUID},{GUID.lower()}") == {GUID.lower()}


def test_domain_among_tenant_ids_is_refused() -> None:
    """Tokens name tenants by id; a domain would let nobody in, ever."""
    with pytest.raises(ValueError, match=r"'contoso\.example' is not a GUID; give tenant ids"):
        values.guids(f"{GUID} contoso.example")


def test_paths_are_absolute() -> None:
    """What the working directory is never matters."""
    assert values.path("/run/key") == Path("/run/key")
    with pytest.raises(ValueError, match="absolute"):
        values.path("run/key")


@given(
    number=st.integers(1, 9_999_999), unit=st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("d", 86400)])
)
def test_durations_have_a_unit(number: int, unit: tuple[str, int]) -> None:
    """In seconds."""
    letter, seconds = unit
    assert values.duration(f"{number}{letter}") == number * seconds


@pytest.mark.parametrize(
    "value", ["30", "0s", "000m", "-5s", "1.5h", "5 m", "1h30m", "5M", "5w", "s", "12345678s"]
)
def test_duration_without_meaning_is_refused(value: str) -> None:
    """A bare number says nothing about its unit, and nothing waits for zero seconds."""
    with pytest.raises(ValueError, match="30s, 15m or 1h"):
        values.duration(value)


@given(number=st.floats())
def test_fraction_is_above_zero_and_at_most_four_fifths(number: float) -> None:
    """NaN and infinity are numbers for Python, not here."""
    if 0 < number <= 0.8:
        assert values.fraction(repr(number)) == number
    else:
        with pytest.raises(ValueError, match=r"up to 0\.8"):
            values.fraction(repr(number))


def test_fraction_in_words_is_refused() -> None:
    """The same advice for what is no number."""
    with pytest.raises(ValueError, match=r"up to 0\.8"):
        values.fraction("two thirds")


@given(mode=st.integers(0, 0o777))
def test_modes_let_the_owner_write_and_nobody_else(mode: int) -> None:
    """Readable by others at most; never executable."""
    text = f"{mode:04o}"
    if mode & 0o600 == 0o600 and not mode & 0o133:
        assert values.file_mode(text) == values.file_mode(text[1:]) == mode
    else:
        with pytest.raises(ValueError, match="0640"):
            values.file_mode(text)


@pytest.mark.parametrize("value", ["640x", "rw-r-----", "0o640", "4640", "64", "00640", "649"])
def test_mode_that_is_not_three_octal_digits_is_refused(value: str) -> None:
    """No set-uid bit, no symbols."""
    with pytest.raises(ValueError, match="0640"):
        values.file_mode(value)


def test_groups_have_numbers_or_names() -> None:
    """A number need not exist here, since it may exist in the app's image."""
    here = grp.getgrgid(0)
    assert values.group(here.gr_name) == 0
    assert values.group("4294967294") == 4294967294
    with pytest.raises(ValueError, match="no group 'no-such-group' here; give its number"):
        values.group("no-such-group")


@pytest.mark.parametrize("value", ["4294967295", "99999999999", "9" * 5000])
def test_group_number_the_kernel_does_not_have_is_refused(value: str) -> None:
    """4294967295 is -1 for chown(2), which would leave the group as it is without a word."""
    with pytest.raises(ValueError, match="up to 4294967294"):
        values.group(value)


@pytest.mark.parametrize("value", ["de", "de-DE", "zh-Hant-TW"])
def test_language_tags_are_taken(value: str) -> None:
    """As they stand: Entra reads them in any case."""
    assert values.language(value) == value


@pytest.mark.parametrize("value", ["german language", "d", "de_DE", "de-", "de&x=y"])
def test_language_that_is_no_tag_is_refused(value: str) -> None:
    """It goes into a URL."""
    with pytest.raises(ValueError, match="de-DE"):
        values.language(value)


def test_choices_have_no_case_and_are_named_when_missed() -> None:
    """`JSON` is `json`."""
    parse = values.one_of("console", "json")
    assert parse("JSON") == "json"
    with pytest.raises(ValueError, match="give one of: console, json"):
        parse("xml")


@pytest.mark.parametrize("value", ["two words", "tab\there", "bell\x07", "no\xa0break"])
def test_word_with_a_space_is_refused(value: str) -> None:
    """What was copied with something around it."""
    with pytest.raises(ValueError, match="spaces or unprintable"):
        values.text(value)


@pytest.mark.parametrize(
    "parse",
    [
        values.text,
        values.words,
        values.lower_words,
        values.guids,
        values.tenant,
        values.https_url,
        values.issuer,
        values.path,
        values.duration,
        values.fraction,
        values.file_mode,
        values.group,
        values.named_scopes,
        values.language,
        values.one_of("a", "b"),
    ],
)
@given(value=st.text(st.characters(exclude_characters="\0"), max_size=30))
def test_no_text_makes_any_other_error(parse: Callable[[str], object], value: str) -> None:
    """Every text is a value, or a ValueError that says something."""
    said = "a value"
    try:
        parse(value)
    except ValueError as error:
        said = str(error)
    assert said


@pytest.mark.parametrize("zone", ["Berlin", "Europe", "Europe/Nowhere", "../etc", "/etc/localtime"])
def test_zone_that_does_not_exist_is_refused_by_name(zone: str) -> None:
    """`zoneinfo` has an error of its own for each kind of mistake."""
    with pytest.raises(ValueError, match="there is no time zone"):
        values.signin_hours(f"mon-fri 08:00-18:00 {zone}")
