"""What is measured, by name, with its unit."""

from __future__ import annotations

UNITS = {
    # Between renewals, the whole container.
    "idle_anonymous": "MiB",  # anonymous memory of its cgroup
    "idle_pss": "MiB",  # alone on the node: nothing else maps the image's files
    "idle_pss_beside": "MiB",  # beside a second pod of the same image
    "idle_cpu_day": "s",  # CPU of a day without renewals
    # A renewal. `turn_*` is ours as a process beside `import msal`; `renewal_*` is any container's.
    "turn_peak": "MiB",
    "turn_cpu": "ms",
    "renewal_peak": "MiB",  # the largest resident set of any of its processes until after the renewal
    "renewal_cpu": "ms",  # CPU of its cgroup
    "renewal_requests": "requests",
    # An exec probe.
    "probe_cpu": "ms",
    "probe_cpu_day": "s",  # every 10 s
    # Waiting times.
    "restart": "ms",  # container started with a cached sign-in, until the token is published
    "approval": "ms",  # from the poll that gets the tokens until the token is published
    "fifty_tokens": "ms",  # beyond one, with 100 ms of latency
    "round_trip": "ms",  # one connection, one request to the stand-in, of `stand-in`
    "image": "MB",  # uncompressed, 10^6 bytes
    # After 100,000 renewals over after 1,000.
    "growth_state": "ratio",
    "growth_tokens": "ratio",
    "growth_log": "ratio",  # bytes of log for one renewal
}
