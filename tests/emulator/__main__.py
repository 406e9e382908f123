from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.emulator.directory import CLIENT_ID, CONTOSO_ID
from tests.emulator.emulator import Emulator

# With these unset the fields of `Policy` decide.
_POLICY = (
    "token_life",
    "refresh_in",
    "code_life",
    "interval",
    "approve_after",
    "user",
    "rotation",
    "foreign_users",
    "page_url",
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description="A stand-in for Microsoft Entra ID, for tests only. Runs until TERM or INT.",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--port", type=int, default=0, help="0 for a free one")
    made.add_argument("--hostname", default="localhost", help="its name in URLs and in its certificate")
    made.add_argument("--ca-out", type=Path, metavar="FILE", help="write the CA certificate there")
    made.add_argument(
        "--tls-dir",
        type=Path,
        metavar="DIR",
        help="take server.pem (key and chain) and ca.pem from there; made there if missing",
    )
    made.add_argument("--memory", type=Path, metavar="FILE", help="keep there who has signed in; a secret")
    made.add_argument("--url-out", type=Path, metavar="FILE", help="write the authority host there, last")
    made.add_argument("--access-log", type=Path, metavar="FILE", help="a line per request, without secrets")
    made.add_argument("--tenant-id", default=CONTOSO_ID, metavar="GUID")
    made.add_argument("--client-id", default=CLIENT_ID, metavar="GUID")
    made.add_argument("--app-name", default="Entra token sidecar")
    made.add_argument("--token-life", type=int, metavar="SECONDS")
    made.add_argument("--refresh-in", type=int, metavar="SECONDS")
    made.add_argument("--code-life", type=int, metavar="SECONDS")
    made.add_argument("--interval", type=int, metavar="SECONDS", help="between polls")
    made.add_argument("--approve-after", type=float, metavar="SECONDS", help="sign in by itself")
    made.add_argument("--page-url", metavar="URL", help="where people reach /devicelogin, for the prompt")
    made.add_argument("--user", metavar="NAME", help="who signs in if nobody is named")
    made.add_argument("--rotation", choices=["entra", "one-time", "none"])
    made.add_argument("--foreign-users", action="store_true", default=None)
    made.add_argument("--no-public-client", action="store_true", help="public client flows are off")
    made.add_argument("--single-tenant", action="store_true", help="refuse /common and /organizations")
    return made


def main(argv: list[str] | None = None) -> int:
    """Serve until TERM or INT."""
    # Blocked before any thread starts, so that only `sigwait` below takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    made = parser()
    options = made.parse_args(argv)
    policy: dict[str, Any] = {
        name: value for name in _POLICY if (value := getattr(options, name)) is not None
    }
    try:
        emulator = Emulator(
            host=options.host,
            port=options.port,
            hostname=options.hostname,
            tenant_id=options.tenant_id,
            client_id=options.client_id,
            app_name=options.app_name,
            public_client=not options.no_public_client,
            multi_tenant=not options.single_tenant,
            ca_file=options.ca_out,
            tls_dir=options.tls_dir,
            access_log=options.access_log,
            memory_file=options.memory,
            **policy,
        )
    except (LookupError, OSError) as error:
        made.error(str(error))
    with emulator:
        if options.url_out:
            options.url_out.write_text(emulator.authority_host + "\n")
        info = {
            "authority_host": emulator.authority_host,
            "tenant_id": emulator.tenant_id,
            "client_id": emulator.client_id,
            "ca_file": str(emulator.ca_file),
        }
        print(json.dumps(info), flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    sys.exit(main())
