"""Calls an API every few seconds with the token that the sidecar keeps fresh. Standard library only."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TOKEN_FILE = Path(os.environ.get("TOKEN_FILE", "/var/run/secrets/entra/token"))
API_URL = os.environ.get("API_URL", "https://graph.microsoft.com/v1.0/me")
PAUSE_SECONDS = float(os.environ.get("CALL_EVERY_SECONDS", "10"))


def call() -> tuple[int, str]:
    """Status and name. The token is read for every request: meanwhile it is renewed."""
    request = urllib.request.Request(API_URL)
    # Not in `headers`, which urllib would send to wherever a redirect leads.
    request.add_unredirected_header("Authorization", f"Bearer {TOKEN_FILE.read_text()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer).get("displayName", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.reason


def main() -> None:
    """Until TERM."""
    # A container's first process ends at TERM only if it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while not TOKEN_FILE.exists():
        print(f"waiting for {TOKEN_FILE}", flush=True)
        time.sleep(2)
    while True:
        try:
            status, name = call()
            if status == 401:  # it was renewed between reading and calling
                status, name = call()
            print(status, name, flush=True)
        except OSError as error:
            print(f"no answer: {error}", flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
