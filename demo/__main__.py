"""Stand-in, `signin`, then `refresh` beside an app: `python -m demo`, or `make demo`.

The three parts run as a pod would run them: `entrypoint.sh` with the roles, two directories, and an
app that knows one of them. DEMO_SIGNIN=me leaves the sign-in to you and your browser.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from tests.emulator import Emulator

ROOT = Path(__file__).resolve().parent.parent
TOKEN_LIFE_SECONDS = 10
RENEWALS = 3


def main() -> int:
    """Returns 0 when the app saw enough renewals and never a bad token."""
    by_hand = os.environ.get("DEMO_SIGNIN") == "me"
    with (
        tempfile.TemporaryDirectory(prefix="sidecar-demo-") as folder,
        Emulator(token_life=TOKEN_LIFE_SECONDS, interval=1, approve_after=None if by_hand else 3) as entra,
    ):
        tokens, state = Path(folder, "tokens"), Path(folder, "state")
        tokens.mkdir()
        state.mkdir()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SIDECAR_", "AZURE_"))
        } | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": entra.tenant_id,
            "AZURE_CLIENT_ID": entra.client_id,
            "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
            "SIDECAR_TOKEN_DIR": str(tokens),
            "SIDECAR_STATE_DIR": str(state),
            "SIDECAR_CA_FILE": str(entra.ca_file),
            "SIDECAR_SIGNIN_TIMEOUT": "15m" if by_hand else "40s",
            "PYTHONUNBUFFERED": "1",
        }
        say("demo", f"a stand-in for Entra listens at {entra.authority_host}")
        if by_hand:
            say("demo", "sign in with your browser; it will warn of the stand-in's own certificate")
        else:
            say("demo", "the demo user will approve by herself in a few seconds")
        code = run("signin", [str(ROOT / "entrypoint.sh"), "signin"], environment)
        if code != 0:
            return code
        refresh, reader = start("refresh", [str(ROOT / "entrypoint.sh"), "refresh"], environment)
        try:
            app = environment | {
                "API_URL": entra.authority_host,
                "API_CA_FILE": str(entra.ca_file),
                "RENEWALS": str(RENEWALS),
                "SECONDS_AT_MOST": "45",
            }
            code = run("app", [sys.executable, "-m", "demo.app"], app)
        finally:
            refresh.send_signal(signal.SIGTERM)
            stopped = refresh.wait(timeout=15)
            reader.join()
        verdict = "all is well" if code == 0 else "SOMETHING IS WRONG"
        say("demo", f"refresh stopped with {stopped}; {verdict}")
        return code or stopped


def start(
    name: str, command: list[str], environment: dict[str, str]
) -> tuple[subprocess.Popen[str], threading.Thread]:
    """Start a process whose output appears line by line behind its name."""
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    reader = threading.Thread(target=copy, args=(name, process.stdout))
    reader.start()
    return process, reader


def run(name: str, command: list[str], environment: dict[str, str]) -> int:
    """Start a process and wait for its end."""
    process, reader = start(name, command, environment)
    code = process.wait()
    reader.join()
    return code


def copy(name: str, stream: IO[str]) -> None:
    """Copy lines with their origin in front."""
    with stream:
        for line in stream:
            say(name, line.rstrip("\n"))


def say(name: str, line: str) -> None:
    """One line of one part."""
    print(f"{name:>7} | {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
