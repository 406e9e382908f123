"""The events of the log: their names are part of the contract and never change their meaning."""

from __future__ import annotations

EVENTS: dict[str, str] = {
    "signin.code_issued": "A person has to act: URL, code, expiry. One JSON line per code, at every level.",
    "signin.waiting": "Polling for the person's answer has begun.",
    "signin.reminder": "The prompt is still open: address, code, time left.",
    "signin.withdrawn": "The prompt is closed; says how it ended and repeats its phrase.",
    "signin.blocked": "The tenant's policy blocks the device code flow; says what an administrator has to "
    "change. Nobody is prompted meanwhile.",
    "signin.expected": "The present sign-in ends soon, as far as the authority lets us know: when people are "
    "asked for the next one.",
    "prompt.undelivered": "The prompt, or its end, did not reach the webhook, the command or the Events of "
    "the pod; says why.",
    "signin.trouble": "A request of the sign-in failed in passing; the code stays valid.",
    "signin.expired": "The code has expired and is replaced.",
    "signin.rejected": "Somebody signed in, or was, who is not allowed; nothing of theirs is kept.",
    "signin.completed": "Who signed in.",
    "signin.failed": "Nobody signed in, or `signin` could not do its work; says why and what to do.",
    "token.published": "Apps see new tokens.",
    "publish.told": "The command or the signal that tells apps of new tokens has done its work.",
    "publish.untold": "It has not: says why. Nothing else depends on it.",
    "template.waiting": "A template is not published yet: a token that it names is not there.",
    "template.refused": "A template was changed and is none any more: its file stays as it was published, "
    "without new tokens.",
    "token.withdrawn": "The published tokens were taken back: their account is not allowed any more.",
    "refresh.succeeded": "A token was renewed.",
    "refresh.failed": "A renewal or a turn failed; says why, what to do, when it is tried again, and how "
    "long the published token still lives.",
    "refresh.trouble": "A renewal failed in passing and is tried again within the turn.",
    "refresh.signin_required": "Renewing without a person is not possible (any more).",
    "refresh.scheduled": "When the next turn is due.",
    "refresh.ended": "`exec`: the loop has ended while the command runs on; says whether another is started.",
    "state.private": "At a start: how it is known that apps cannot read the state directory.",
    "cache.set_aside": "The cache was damaged or not ours and lies under another name now.",
    "clock.leapt": "The wall clock moved by itself; tokens are renewed at once.",
    "clock.offset": "The wall clock is more than a minute off by the authority's.",
    "lock.waiting": "Another role is at work on the same directories; this one waits its turn.",
    "lease.held": "Another replica is at work; this one looks again later.",
    "state.adopted": "What another replica has obtained was taken over from the shared state.",
    "state.shared": "The shared state was missing or behind, and was written from this pod's; or trouble "
    "with it is over.",
    "state.unshared": "The shared state could not be read or written; what this pod has is kept. Says why, "
    "and when it is tried again.",
    "secret.published": "A Secret has new tokens.",
    "secret.failed": "A Secret could not be looked at or written; says why, what to do, and when it is tried "
    "again.",
    "secret.recovered": "A Secret that could not be looked at or written is as it should be again.",
    "secret.short_lived": "A token lives too short a time for a Secret to bring each to apps in time.",
    "secret.withdrawn": "The tokens in a Secret were emptied: their account is not allowed any more.",
    "serve.started": "`serve` listens; says where.",
    "serve.failed": "`serve` could not begin, or cannot go on; says why and what to do.",
    "serve.trouble": "A request met a fault of ours and was answered with 500; says where.",
    "shutdown.requested": "TERM or INT came.",
}
