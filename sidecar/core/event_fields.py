"""The fields of each event of the log: part of the contract, as the events are."""

from __future__ import annotations

COMMON: dict[str, str] = {
    "event": "Its name.",
    "level": "`debug`, `info`, `warning` or `error`.",
    "timestamp": "When it was logged: `2026-01-31T14:05:00Z`.",
}
"""Of every event but the prompt's, whose form is docs/schemas/prompt.json."""

ERROR_FIELDS: dict[str, str] = {
    "message": "What happened, in words.",
    "advice": "What a person can do about it.",
    "error": "The authority's OAuth `error`.",
    "suberror": "Entra's.",
    "aadsts": "Entra's error numbers, separated by commas.",
    "correlation_id": "By which an administrator finds the attempt under Sign-in logs.",
    "authority_time": "When Entra says that it refused.",
    "cause": "Why no answer came: `dns`, `tls`, `time-out`, `http 503` …",
    "cure": "Who or what can help: `wait`, `retry`, `sign in`, `administrator` or `configuration`.",
    "see": "Where it is explained: `docs/errors.md#aadsts-7000218`.",
    "username": "Of the account that was refused.",
    "object_id": "Of the same.",
    "tenant_id": "Of the same.",
}
"""Of every event that tells of an error."""

MEANINGS: dict[str, str] = {
    "again_in_seconds": "When it is started again; left out if it is not.",
    "by": "`command` or `signal`.",
    "cause": "Why not.",
    "early": "True: it was asked for before it was needed; the present sign-in goes on.",
    "ends_in_seconds": "Until the present sign-in ends.",
    "ends_on": "When it ends, in seconds since 1970.",
    "exit_code": "Of the loop.",
    "expires_in_seconds": "The life that is left; of several tokens the shortest.",
    "failures": "In a row.",
    "host": "Of the webhook; the rest of its address is a secret.",
    "in_seconds": "Until the next turn; of `refresh.signin_required` until people are asked.",
    "interval_seconds": "Between two polls.",
    "known": "How its end is known: `told` by the authority, or `learned` from the last one.",
    "message": "What happened, in words.",
    "advice": "What a person can do about it.",
    "next_prompt_in_seconds": "When a person is asked again.",
    "object_id": "Entra's `oid`, elsewhere `sub`.",
    "offset_seconds": "Above 0: this machine is ahead.",
    "outcome": "`completed`, `expired`, `declined`, `rejected`, `timed_out`, `failed` or `cancelled`.",
    "path": "Of the file or directory.",
    "phrase": "Two words, the same wherever this sign-in is spoken of.",
    "pids": "Of the processes that were signalled.",
    "prompt_in_seconds": "Until people are asked.",
    "prompt_on": "When people are asked, in seconds since 1970.",
    "proof": "How it is known.",
    "retry_in_seconds": "Until the next try.",
    "records": "How many were not delivered.",
    "scope": "What was granted.",
    "seconds": "How long it took.",
    "seconds_left": "Until the code expires.",
    "signal": "Its name.",
    "tenant_id": "Of the person who signed in.",
    "to": "`webhook` or `command`.",
    "tries": "How often it was tried.",
    "told": "The record: `signin.code_issued` or `signin.withdrawn`.",
    "token": "The token's name; left out for the one without.",
    "token_lives_seconds": "How long the published token still lives.",
    "tokens": "Names, separated by commas; `token` is the one without.",
    "user_code": "To be entered there.",
    "username": "Of the person who signed in.",
    "verification_uri": "To be opened by a person.",
}
"""The fields beside those of errors; a field that is unknown is left out of its event."""

_ERROR = ("message", "advice")

EVENT_FIELDS: dict[str, tuple[str, ...]] = {
    "signin.waiting": ("interval_seconds", "seconds_left"),
    "signin.reminder": ("message", "verification_uri", "user_code", "seconds_left", "phrase"),
    "signin.withdrawn": ("message", "outcome", "username", "phrase"),
    "signin.expected": (
        "message",
        "known",
        "ends_on",
        "ends_in_seconds",
        "prompt_on",
        "prompt_in_seconds",
    ),
    "prompt.undelivered": ("to", "told", "host", "cause", "tries", "records"),
    "signin.trouble": (*_ERROR, "retry_in_seconds"),
    "signin.expired": _ERROR,
    "signin.rejected": (*_ERROR, "username", "object_id", "tenant_id"),
    "signin.completed": ("username", "object_id", "tenant_id", "phrase"),
    "signin.failed": (*_ERROR, "next_prompt_in_seconds", "early"),
    "signin.blocked": (
        *_ERROR,
        "token",
        "failures",
        "retry_in_seconds",
        "token_lives_seconds",
        "next_prompt_in_seconds",
    ),
    "publish.told": ("by", "signal", "pids", "seconds"),
    "publish.untold": ("by", "cause", "seconds", "advice"),
    "token.published": ("tokens", "expires_in_seconds", "username"),
    "token.withdrawn": (),
    "refresh.succeeded": ("token", "expires_in_seconds", "scope"),
    "refresh.failed": (*_ERROR, "token", "failures", "retry_in_seconds", "token_lives_seconds"),
    "refresh.trouble": (*_ERROR, "token", "retry_in_seconds"),
    "refresh.signin_required": (*_ERROR, "token", "prompt_on", "in_seconds"),
    "refresh.scheduled": ("in_seconds",),
    "refresh.ended": ("exit_code", "again_in_seconds"),
    "state.private": ("path", "proof"),
    "cache.set_aside": (*_ERROR, "path"),
    "clock.leapt": ("message",),
    "clock.offset": (*_ERROR, "offset_seconds"),
    "lock.waiting": ("path",),
    "shutdown.requested": ("signal",),
}
"""By event; those that tell of an error may have `ERROR_FIELDS` too."""
