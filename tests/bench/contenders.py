"""Who is compared: how each is started at the provider, and how its image is made.

What a renewal costs each in requests, once it is running: one for the token (`RENEWAL`).
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from sidecar import __version__
from tests.bench.contender import OURS, STATE, TOKEN, Contender
from tests.bench.provider import Provider

PEERS = Path(__file__).parent / "peers"
RESOURCE = "https://graph.microsoft.com"
SCOPE = f"{RESOURCE}/.default"
OIDC_AGENT = "4.2.6"
"""Debian trixie's; the Dockerfile asks for no other."""
OUR_IMAGE = os.environ.get("SIDECAR_TEST_IMAGE", "entra-token-sidecar:dev")
BUILD_SECONDS = 1800
_CA = "/bench/ca.pem"

PROBE = ("sh", "-c", f"find {TOKEN}/token -mmin -60 | read -r _")
"""The probe that people write for such a loop: whether the file was written within the life of a token. All
the peers' images have a shell and find, and these start in a fraction of the time of a Python.
"""


def contenders(provider: Provider, *, only: Collection[str] | None = None) -> list[Contender]:
    """All of them, ours first, or those of these names.

    :raises ValueError: nobody is called that
    """
    if unknown := set(only or ()) - MAKERS.keys():
        raise ValueError(f"no contender is {', '.join(sorted(unknown))}; there are {', '.join(MAKERS)}")
    return [make(provider) for name, make in MAKERS.items() if only is None or name in only]


def image_of(name: str) -> str:
    """The image's name, with a digest of what a peer's is made of; ours is made by `make image`."""
    return OUR_IMAGE if name == OURS else f"entra-token-sidecar-bench:{name}-{_digest()}"


def build(names: Iterable[str]) -> None:
    """Build the peers' images that are not there, one after another; `BUILD_OPTIONS` as in the Makefile.

    :raises subprocess.CalledProcessError: a build failed
    """
    options = shlex.split(os.environ.get("BUILD_OPTIONS", ""))
    # Whoever else builds, such as another worker of pytest's, has its turn: they share most of the layers.
    with (Path(tempfile.gettempdir()) / "entra-token-sidecar-bench.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in names:
            if name == OURS or _is_there(image_of(name)):
                continue
            command = ["docker", "buildx", "build", "--load", *options, "--target", name]
            command += ["--tag", image_of(name), str(PEERS)]
            subprocess.run(command, check=True, timeout=BUILD_SECONDS)


def version_of(package: str, lock: str) -> str:
    """What a lock file in `peers` pins.

    :raises LookupError: it does not have the package
    """
    pinned = re.search(rf"^{re.escape(package)}==(\S+)", (PEERS / lock).read_text(), re.MULTILINE)
    if not pinned:
        raise LookupError(f"{lock} does not have {package}")
    return pinned[1]


@functools.cache
def _digest() -> str:
    files = sorted(path for path in PEERS.iterdir() if path.is_file())
    return hashlib.sha256(
        b"\0".join(part for f in files for part in (f.name.encode(), f.read_bytes()))
    ).hexdigest()[:12]


def _is_there(image: str) -> bool:
    done = subprocess.run(["docker", "image", "inspect", image], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def _sidecar(provider: Provider) -> Contender:
    return Contender(
        name=OURS,
        title=f"this project {__version__}",
        image=image_of(OURS),
        command=("refresh",),
        settings={
            "AZURE_AUTHORITY_HOST": provider.authority_host,
            "AZURE_TENANT_ID": provider.tenant_id,
            "AZURE_CLIENT_ID": provider.client_id,
            "SIDECAR_SCOPES": SCOPE,
            "SIDECAR_TOKEN_DIR": TOKEN,
            "SIDECAR_STATE_DIR": STATE,
            "SIDECAR_CA_FILE": _CA,
        },
        files={_CA: provider.ca_file},
        renew="HUP",  # taken once in 10 s
        token_file="..data",
        probe=("/entrypoint.sh", "probe", "readiness"),
        kind="ours",
    )


def _python(name: str, title: str, provider: Provider, **settings: str) -> Contender:
    return Contender(
        name=name,
        title=title,
        image=image_of(name),
        settings={
            "AUTHORITY_HOST": provider.authority_host,
            "TENANT_ID": provider.tenant_id,
            "CLIENT_ID": provider.client_id,
            "REQUESTS_CA_BUNDLE": _CA,
            **settings,
        },
        files={_CA: provider.bundle_file},
        probe=PROBE,
    )


def _msal(provider: Provider) -> Contender:
    version = version_of("msal", "requirements-msal.txt")
    return _python("msal", f"MSAL {version} in a loop", provider, SCOPES=SCOPE)


def _azure_identity(provider: Provider) -> Contender:
    version = version_of("azure-identity", "requirements-azure-identity.txt")
    # Below HOME lies the library's own cache.
    return _python("azure-identity", f"azure-identity {version}", provider, SCOPE=SCOPE, HOME=STATE)


def _adal(provider: Provider) -> Contender:
    version = version_of("adal", "requirements-adal.txt")
    return _python("adal", f"ADAL {version}", provider, RESOURCE=RESOURCE)


def _oidc_agent(provider: Provider) -> Contender:
    return Contender(
        name="oidc-agent",
        title=f"oidc-agent {OIDC_AGENT}",
        image=image_of("oidc-agent"),
        settings={
            "ISSUER": f"{provider.authority_host}/{provider.tenant_id}/v2.0",
            "CLIENT_ID": provider.client_id,
            "SCOPE": SCOPE,
            "CA_FILE": _CA,
        },
        files={_CA: provider.bundle_file},
        probe=PROBE,
        kind="native",
    )


def _azure_cli(provider: Provider) -> Contender:
    return Contender(
        name="azure-cli",
        title=f"azure-cli {version_of('azure-cli', 'requirements-azure-cli.txt')}",
        image=image_of("azure-cli"),
        settings={
            "AUTHORITY_HOST": provider.authority_host,
            "TENANT_ID": provider.tenant_id,
            "SCOPE": SCOPE,
            "REQUESTS_CA_BUNDLE": _CA,
        },
        files={_CA: provider.bundle_file},
        probe=PROBE,
        kind="command",
    )


MAKERS: dict[str, Callable[[Provider], Contender]] = {
    OURS: _sidecar,
    "msal": _msal,
    "azure-identity": _azure_identity,
    "adal": _adal,
    "azure-cli": _azure_cli,
    "oidc-agent": _oidc_agent,
}
"""By name, in the order of tables."""
