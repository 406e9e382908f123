"""Builds from settings what tells others: of prompts, and of new tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.request import OpenerDirector

from sidecar.adapters.announcement import Announcement
from sidecar.adapters.log import Log
from sidecar.posix.clock import Clock
from sidecar.role import SIGNIN
from sidecar.settings import Settings

if TYPE_CHECKING:
    from sidecar.adapters.courier import Trouble
    from sidecar.adapters.prompt import Face
    from sidecar.kubernetes.wiring import ApiServer

FACE_SECONDS = 5.0
"""What a receiver may take for a prompt's end before the role goes on without it."""

STOPPED_SECONDS = 0.3
"""The same after TERM, which ends every role within a second."""

COMMAND_SECONDS = 5.0
"""What `signin` leaves to the command of SIDECAR_ON_PUBLISH_COMMAND: its own end is the container's."""

_SECRET = "SIDECAR_PROMPT_WEBHOOK_URL"


def faces(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    opener: OpenerDirector,
    clock: Clock,
    log: Log,
    server: ApiServer | None = None,
) -> list[Face]:
    """Where prompts are shown beside log and state directory; `server` is Kubernetes', if any."""
    if not (settings.prompt_webhook_url or settings.prompt_command or settings.pod):
        return []  # most turns tell nobody, and need not load what would
    from sidecar.adapters.courier import Courier

    def undelivered(trouble: Trouble) -> None:
        log.event("prompt.undelivered", level="warning", **trouble)

    made: list[Face] = []
    if settings.prompt_webhook_url is not None:
        from sidecar.adapters.webhook import Webhook
        from sidecar.core.prompt_messages import FORMATS

        webhook = Webhook(
            settings.prompt_webhook_url,
            message=FORMATS[settings.prompt_webhook_format],
            now=clock.now,
            opener=opener,
        )
        made.append(Courier("webhook", webhook, undelivered))
    if settings.prompt_command is not None:
        from sidecar.adapters.prompt_command import PromptCommand

        command = PromptCommand(settings.prompt_command, environ=_for_commands(settings, environ))
        made.append(Courier("command", command, undelivered))
    if settings.pod is not None and server is not None:
        from sidecar.adapters.prompt_event import PromptEvent

        made.append(Courier("event", PromptEvent(settings.pod, api=server.connect), undelivered))
    return made


def finish(faces: Sequence[Face], seconds: float) -> None:
    """Give all together so long; a signal meanwhile ends it, and whatever they have started."""
    end = time.monotonic() + seconds
    for number, face in enumerate(faces):
        try:
            face.finish(max(end - time.monotonic(), 0))
        except BaseException:
            for other in faces[number:]:
                other.finish(0)
            raise


def announcement(settings: Settings, *, role: str, environ: Mapping[str, str], log: Log) -> Announcement:
    """What is told to apps whenever new tokens are there."""
    return Announcement(
        command=settings.on_publish_command,
        target=settings.on_publish_signal,
        environ=_for_commands(settings, environ),
        log=log,
        log_options={"format": settings.log_format, "level": settings.log_level},
        apps_may_be_absent=role == SIGNIN.name,
    )


def _for_commands(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the user's commands: where the tokens are, and no secret of ours."""
    known = {name: value for name, value in environ.items() if name != _SECRET}
    return known | {"SIDECAR_TOKEN_DIR": str(settings.token_dir)}
