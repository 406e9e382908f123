"""A token file kept fresh with azure-identity's DeviceCodeCredential, as people write it.

USR1 renews now: a claims challenge, here an empty one, has the credential pass its cache by. The next start
is silent by the saved record of who signed in and the library's cache in a file below $HOME: unencrypted,
since there is no keyring in a container.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from azure.identity import AuthenticationRecord, DeviceCodeCredential, TokenCachePersistenceOptions

TOKEN = Path("/bench/token/token")
RECORD = Path("/bench/state/record.json")
SCOPE = os.environ["SCOPE"]


def replace(path: Path, content: str) -> None:
    """Whoever reads the file sees it whole."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o640)
    new.write_text(content)
    new.replace(path)


def prompt(uri: str, code: str, _expires_on: datetime) -> None:
    """For the person, in the log."""
    print(f"Open {uri} and enter {code}", flush=True)


def main() -> None:
    """Until TERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    options: dict[str, Any] = {
        "prompt_callback": prompt,
        "cache_persistence_options": TokenCachePersistenceOptions(allow_unencrypted_storage=True),
        "disable_instance_discovery": True,
    }
    host, tenant, client = (os.environ[name] for name in ("AUTHORITY_HOST", "TENANT_ID", "CLIENT_ID"))
    if RECORD.exists():
        saved = AuthenticationRecord.deserialize(RECORD.read_text())
        # Beside a record the credential takes no authority, and the record's own cannot have a port.
        record = AuthenticationRecord(tenant, client, host, saved.home_account_id, saved.username)
        credential = DeviceCodeCredential(authentication_record=record, **options)
    else:
        credential = DeviceCodeCredential(client, authority=host, tenant_id=tenant, **options)
        replace(RECORD, credential.authenticate(scopes=[SCOPE]).serialize())
    claims = None
    while True:
        token = credential.get_token(SCOPE, claims=claims)
        replace(TOKEN, token.token)
        print("token written", flush=True)
        life = token.expires_on - time.time()
        forced = signal.sigtimedwait({signal.SIGUSR1}, max(life - 299, life / 2, 1))
        claims = "{}" if forced else None


main()
