"""Why a person is asked now, in words for that person: the log has the authority's own."""

from __future__ import annotations

from sidecar.errors import AccountRefused, SidecarError

_WORDS: dict[int, str] = {
    number: words
    for numbers, words in (
        ((65001, 90094, 90095, 65002, 65005, 650056), "Your consent to what the app may do is missing."),
        (
            (50076, 50074, 50078, 50158, 50079, 50072),
            "Multifactor authentication is asked for since the last sign-in.",
        ),
        ((53003, 530032, 530035, 53011, 53004, 50131), "A policy of the tenant ended the last sign-in."),
        ((70008, 700082, 700084), "The last sign-in has expired."),
        ((70043,), "The tenant limits how long a sign-in lasts."),
        (
            (50173, 50132, 50133, 50089, 50055, 50144),
            "The last sign-in was revoked, or the password changed.",
        ),
    )
    for number in numbers
}

NOBODY = "Nobody is signed in."
_ANOTHER = "With the last sign-in come tokens of another account."


def reason(error: SidecarError) -> str:
    """For the error that renewing ended with; without one of the authority's there was no sign-in so far."""
    if isinstance(error, AccountRefused):
        return _ANOTHER
    if "error" not in error.fields:
        return NOBODY
    numbers = str(error.fields.get("aadsts") or "").split(",")
    known = (_WORDS[int(number)] for number in numbers if number.isdecimal() and int(number) in _WORDS)
    return next(known, "The last sign-in is not accepted any more.")
