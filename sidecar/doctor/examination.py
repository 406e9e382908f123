"""All checks, one after the other; what goes wrong in one is that one's failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sidecar.core.checkup import CHECKS, Check, Outcome
from sidecar.core.judgement import from_error, judge_settings, judge_user, judge_webhook
from sidecar.core.printable import printable
from sidecar.doctor.cluster import ClusterChecks
from sidecar.doctor.network import Network
from sidecar.doctor.places import Places
from sidecar.doctor.skipped import Skipped
from sidecar.errors import SidecarError
from sidecar.kubernetes import wiring
from sidecar.posix.clock import Clock
from sidecar.posix.identity import Identity
from sidecar.posix.interrupts import Interrupts
from sidecar.settings import Settings


def examine(
    settings: Settings,
    *,
    mistakes: list[str],
    set_count: int,
    identity: Identity,
    clock: Clock,
    interrupts: Interrupts,
    environ: Mapping[str, str],
) -> Iterator[Check]:
    """Every check of `CHECKS`, in their order, as soon as it is made. `environ` names the API server."""
    wrong = {mistake.partition(":")[0] for mistake in mistakes}
    places = Places(settings, identity=identity, clock=clock, interrupts=interrupts)
    network = Network(settings, wrong=wrong, clock=clock)
    cluster = ClusterChecks(
        settings, wrong=wrong, server=lambda: wiring.api_server(settings, environ), clock=clock
    )
    checks: Mapping[str, Callable[[], Check]] = {
        "settings": lambda: judge_settings(
            set_count, mistakes, file=str(settings.settings_file) if settings.settings_file else None
        ),
        "user": lambda: judge_user(identity.uid, identity.gid, identity.groups),
        **places.checks(wrong),
        "webhook": lambda: judge_webhook(settings.prompt_webhook_url, settings.prompt_webhook_format),
        **cluster.checks(),
        **network.checks(),
    }
    for name in CHECKS:
        yield _made(name, checks[name])


def _made(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Skipped as reason:
        return Check(name, Outcome.SKIP, str(reason))
    except SidecarError as error:
        return from_error(name, error)
    except Exception as error:  # a check that fails must not hide the others
        return Check(
            name,
            Outcome.FAIL,
            f"the check itself failed: {type(error).__name__}: {printable(error, 200)}",
            "If the cause is not plain from that, report it as a mistake of this program.",
        )
