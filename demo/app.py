"""A small app: it reads a file and calls an API, which is all that an app has to do.

Nothing of the sidecar is imported here. Every 200 ms it reads the token as the README tells apps to,
and once a second it calls `/v1.0/me` with it.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

READ_EVERY_SECONDS = 0.2
CALL_EVERY_READS = 5


def read_token(directory: Path) -> tuple[str, int]:
    """The token and its expiry, both from one generation: `..data` is resolved once."""
    generation = (directory / "..data").resolve(strict=True)
    document = json.loads((generation / "token.json").read_text())
    token = (generation / "token").read_text()
    if token != document["access_token"]:
        raise ValueError("token and token.json disagree")
    return token, document["expires_on"]


def call(url: str, token: str, tls: ssl.SSLContext) -> str:
    """The display name that the API knows the token's owner by."""
    request = urllib.request.Request(f"{url}/v1.0/me", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, context=tls, timeout=5) as answer:
        return str(json.load(answer)["displayName"])


def main() -> int:
    """Run until as many renewals were seen as asked for, then say what was seen."""
    directory = Path(os.environ["SIDECAR_TOKEN_DIR"])
    api = os.environ["API_URL"]
    renewals_wanted, seconds = int(os.environ["RENEWALS"]), float(os.environ["SECONDS_AT_MOST"])
    tls = ssl.create_default_context(cafile=os.environ["API_CA_FILE"])
    seen: Counter[str] = Counter()
    last, renewals, end = "", -1, time.monotonic() + seconds
    while time.monotonic() < end and renewals < renewals_wanted:
        seen["reads"] += 1
        try:
            token, expires_on = read_token(directory)
        except (OSError, ValueError, KeyError):
            seen["torn or missing"] += 1
        else:
            seen["expired"] += expires_on <= time.time()
            if token != last:
                last, renewals = token, renewals + 1
            if seen["reads"] % CALL_EVERY_READS == 0:
                seen["calls"] += 1
                try:
                    name = call(api, token, tls)
                    print(f"hello {name}, this token lives {expires_on - time.time():.0f} s", flush=True)
                except OSError as error:
                    seen["refused calls"] += 1
                    print(f"call failed: {error}", flush=True)
        time.sleep(READ_EVERY_SECONDS)
    bad = ("expired", "torn or missing", "refused calls")
    print(f"\n  renewals seen     {renewals}\n  reads             {seen['reads']}")
    print(f"  calls of the API  {seen['calls']}")
    for kind in bad:
        print(f"  {kind:<17} {seen[kind]}")
    sys.stdout.flush()
    return 0 if renewals >= renewals_wanted and not any(seen[kind] for kind in bad) else 1


if __name__ == "__main__":
    sys.exit(main())
