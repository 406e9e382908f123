"""What is in the image, and what is not."""

from __future__ import annotations

import io
import json
import re
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.declarations import SETTINGS
from tests.engines.docker import KUBERNETES, PRODUCT, docker, inside

pytestmark = pytest.mark.image

ROOT = Path(__file__).resolve().parent.parent.parent
MEGABYTE = 1_000_000
SECRET = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\r\n]{64}"
    rb"|eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\."
)
"""A private key in PEM, or a JWT."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tarfile.TarInfo]:
    """Every entry of the image's root file system, by its path."""
    path = tmp_path_factory.mktemp("image") / "root.tar"
    container = docker("create", PRODUCT).strip()
    try:
        docker("export", "--output", str(path), container)
    finally:
        docker("rm", container)
    with tarfile.open(path) as archive:
        return {"/" + entry.name.rstrip("/"): entry for entry in archive}


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    """`Config` of `docker image inspect`."""
    found: dict[str, Any] = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", PRODUCT))
    return found


def size(image: str) -> int:
    """Uncompressed bytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def test_it_takes_less_than_sixty_megabytes() -> None:
    """Uncompressed, by the engine's own count; it is 51 with the packages of 2026."""
    assert size(PRODUCT) <= 60 * MEGABYTE


def test_the_kubernetes_client_takes_less_than_five_megabytes() -> None:
    """And comes on top of the same layers, so that a node that has the one pulls just that."""
    assert size(KUBERNETES) - size(PRODUCT) <= 5 * MEGABYTE
    with_it, without = (
        json.loads(docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image))
        for image in (KUBERNETES, PRODUCT)
    )
    assert with_it[: len(without)] == without


def test_only_the_programs_that_the_entry_point_calls_are_in_it(files: dict[str, tarfile.TarInfo]) -> None:
    """No compiler, package manager, downloader or editor, for whoever gets in."""
    programs = {
        path
        for path, entry in files.items()
        if entry.isfile() and entry.mode & 0o111 and not path.endswith(".so") and ".so." not in path
    } - {"/.dockerenv", "/dev/console", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}  # the engine's
    python = {path for path in programs if path.startswith("/usr/bin/python3.")}
    assert len(python) == 1
    assert programs - python == {
        "/entrypoint.sh",
        "/usr/bin/dash",
        "/usr/bin/date",
        "/usr/lib/klibc/bin/sleep",
    }


def test_no_test_and_no_stand_in_is_in_it(files: dict[str, tarfile.TarInfo]) -> None:
    """They belong to the other target."""
    unwanted = ("trustme", "pytest", "emulator", "/tests", "ensurepip", "/pip", "tkinter")
    assert [path for path in files if any(name in path for name in unwanted)] == []


def test_nothing_is_setuid_or_writable_by_others(files: dict[str, tarfile.TarInfo]) -> None:
    """Except the directories that are there to be written, which are sticky."""
    assert [path for path, entry in files.items() if entry.mode & 0o6000] == []
    writable = {path for path, entry in files.items() if entry.mode & 0o002 and not entry.issym()}
    assert writable == {"/tmp", "/run/secrets/entra", "/var/lib/entra-sidecar"}
    assert all(files[path].mode & 0o1000 for path in writable)


def test_every_module_has_byte_code_that_is_used_unchecked(files: dict[str, tarfile.TarInfo]) -> None:
    """PEP 552: flag 1 is `unchecked hash`; nothing is compiled, or compared, at a start. The hash is that of
    the source beside it, so that a traceback shows the lines that ran.
    """
    left: list[str] = json.loads(
        inside(
            "import importlib.util as u, json, pathlib\n"
            "def bad(path):\n"
            "    code = pathlib.Path(u.cache_from_source(str(path)))\n"
            "    told = u.MAGIC_NUMBER + bytes([1, 0, 0, 0]) + u.source_hash(path.read_bytes())\n"
            "    return not code.exists() or code.read_bytes()[:16] != told\n"
            "places = [pathlib.Path(p) for p in ('/sidecar', '/usr/lib', '/usr/local/lib')]\n"
            "print(json.dumps([str(p) for d in places for p in d.rglob('*.py') if bad(p)]))"
        )
    )
    assert left == []
    assert any(path.startswith("/sidecar/__pycache__/cli.") for path in files)


def test_byte_code_is_without_docstrings_and_with_assertions() -> None:
    """Unlike `-OO`: assertions stay, and dataclasses keep theirs, or each start would make them up."""
    docstrings, kept, asserts = json.loads(
        inside(
            "import json, sys; sys.path.insert(0, '/')\n"
            "import argparse, dis, requests, structlog, urllib.request as request\n"
            "import sidecar.core.token as token\n"
            "docs = [m.__doc__ for m in (token, argparse, structlog.get_logger, request.urlopen)]\n"
            "names = [step.opname for step in dis.get_instructions(requests.check_compatibility)]\n"
            "print(json.dumps([docs, token.AccessToken.__doc__, 'LOAD_ASSERTION_ERROR' in names]))"
        )
    )
    assert docstrings == [None] * 4
    assert kept
    assert not kept.startswith("AccessToken(")
    assert asserts


def test_no_role_compiles_anything(files: dict[str, tarfile.TarInfo]) -> None:
    """Python's own account of where each module's code came from."""
    assert files
    verbose = docker("run", "--rm", "--env", "PYTHONVERBOSE=1", PRODUCT, "status")
    loaded = [line for line in verbose.splitlines() if line.startswith("# code object from")]
    assert any("sidecar" in line for line in loaded)
    assert [line for line in loaded if not line.rstrip("'").endswith(".pyc")] == []


@pytest.mark.parametrize("program", ["sh", "date", "python3"])
def test_loader_looks_nowhere_in_vain(program: str) -> None:
    """By the loader's own account: it knows where the libraries are of what the loop starts."""
    told = docker(
        "run", "--rm", "--env", "LD_DEBUG=libs", "--entrypoint", program, PRODUCT, "--version", check=False
    )
    assert "search cache=/etc/ld.so.cache" in told
    assert "search path=" not in told


@pytest.mark.parametrize("seconds", ["0.05", "1"])
def test_sleep_needs_no_loader(seconds: str) -> None:
    """It is started each minute, for ever; and it knows the parts of a second that the loop waits for."""
    told = docker("run", "--rm", "--env", "LD_DEBUG=all", "--entrypoint", "sleep", PRODUCT, seconds)
    assert told == ""


def test_scanners_see_every_debian_package(files: dict[str, tarfile.TarInfo]) -> None:
    """dpkg's entry and the licence of each; the files of a known few show that these are the right ones."""
    packages = {Path(path).name for path in files if path.startswith("/var/lib/dpkg/status.d/")}
    assert packages >= {"base-files", "ca-certificates", "dash", "libc6", "libssl3t64"}
    assert any(name.startswith("libpython3.") for name in packages)
    licences = {Path(path).parent.name for path in files if path.endswith("/copyright")}
    assert licences == packages
    assert "/etc/os-release" in files
    entry = inside("print(open('/var/lib/dpkg/status.d/libc6').read())")
    assert "Package: libc6\n" in entry
    assert "\nVersion: " in entry


def test_it_says_what_it_is_and_how_it_is_to_be_run(config: dict[str, Any]) -> None:
    """Labels, user, health check, signal and entry point, for engines that read them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert labels["version"] == project["version"]
    assert labels["description"] == project["description"]
    assert labels["licenses"] == project["license"]
    assert labels["title"] == project["name"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/entrypoint.sh"]
    assert not config.get("Cmd")
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "/entrypoint.sh", "probe", "readiness"]


def test_its_environment_holds_no_setting_of_ours(config: dict[str, Any]) -> None:
    """Defaults are declared once, in the code."""
    names = {entry.partition("=")[0] for entry in config["Env"]}
    assert "PYTHONUNBUFFERED" in names
    assert not names & {setting.name for setting in SETTINGS}


def test_builds_agree_and_leave_nothing_of_the_builder(tmp_path: Path) -> None:
    """The CA that the builder was handed is in no layer and no command, nor is anything that looks like a key
    or a token; two builds have the same layers.
    """
    marker = "a-certificate-that-only-the-builder-may-see"
    secret = tmp_path / "ca.pem"
    secret.write_text(f"# {marker}\n{builder_ca()}")
    path = tmp_path / "saved.tar"
    images = [build(secret), build(secret)]
    try:
        docker("save", "--output", str(path), images[0])
        first, second = (
            json.loads(docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image))
            for image in images
        )
        history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", images[0])
    finally:
        docker("rmi", *set(images))
    assert first == second, "two builds of one commit have the same layers"
    saved = list(everything(path.read_bytes()))
    assert any(b"PID 1 of every role" in content for _, content in saved), "entrypoint.sh was searched"
    assert [name for name, content in saved if marker.encode() in content] == []
    # The description of PyJWT shows an example.
    searched = [(name, content) for name, content in saved if not name.endswith(".dist-info/METADATA")]
    assert [name for name, content in searched if SECRET.search(content)] == []
    assert [
        name for name, _ in saved if name.startswith(("root/", "home/", "run/secrets/ca", "etc/pip"))
    ] == []
    assert "ENTRYPOINT" in history
    assert marker not in history


def everything(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Every file of a saved image: its descriptions, and what is in its layers, packed or not."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for entry in opened:
            read = opened.extractfile(entry) if entry.isreg() else None
            content = read.read() if read else b""
            try:
                yield from everything(content)
            except tarfile.ReadError:
                yield entry.name.removeprefix("./"), content


def builder_ca() -> str:
    """What this machine trusts: all that a builder behind its proxy needs."""
    for path in (
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ):
        if Path(path).exists():
            return Path(path).read_text()
    return ""


def build(secret: Path) -> str:
    """Build from the Dockerfile without a cache; the image's id."""
    return docker(
        *("buildx", "build", "--no-cache", "--quiet", "--network=host", "--load"),
        *("--secret", f"id=ca,src={secret}", str(ROOT)),
        timeout=600,
    ).strip()
