"""Two words to recognise a sign-in by."""

from __future__ import annotations

from sidecar.core.phrase import ADJECTIVES, COMBINATIONS, NOUNS, phrase_of


def test_every_number_has_a_phrase_of_its_own() -> None:
    """64 by 64; two words, in ordinary letters."""
    phrases = {phrase_of(number) for number in range(COMBINATIONS)}
    assert len(phrases) == COMBINATIONS == 64 * 64
    assert all(phrase.replace(" ", "").isalpha() and phrase.isascii() for phrase in phrases)
    assert max(map(len, phrases)) <= 20


def test_words_differ_from_their_first_letters_on() -> None:
    """None is taken for another when it is read out."""
    for words in (ADJECTIVES, NOUNS):
        assert len({word[:3] for word in words}) == len(words)
    assert not set(ADJECTIVES) & set(NOUNS)
