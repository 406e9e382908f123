"""The Python packages in the images: all that is imported is there, and what is there is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.docker import KUBERNETES, PRODUCT, inside

pytestmark = pytest.mark.image

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("image", "left_out"), [(PRODUCT, "sidecar.adapters.kubernetes"), (KUBERNETES, "nothing")]
)
def test_everything_that_the_product_imports_is_there(image: str, left_out: str) -> None:
    """Nothing that was left out of the standard library or of the packages is needed: every module is
    imported, and so is what its functions import, which a role that runs may not come to.
    """
    missing, modules, imported = json.loads(
        inside(
            "import ast, importlib, json, msal, msal_extensions, pathlib, sys; sys.path.insert(0, '/')\n"
            "found, missing, seen = sorted(pathlib.Path('/sidecar').rglob('*.py')), [], set()\n"
            "def load(name, part=None):\n"
            f"    if name.startswith('{left_out}'): return\n"
            "    seen.add(name)\n"
            "    try:\n"
            "        module = importlib.import_module(name)\n"
            "        if part and not hasattr(module, part): importlib.import_module(f'{name}.{part}')\n"
            "    except ImportError as error:\n"
            "        missing.append(f'{path}: {error}')\n"
            "for path in found:\n"
            "    module = '.'.join(path.relative_to('/').with_suffix('').parts).removesuffix('.__init__')\n"
            f"    if module.startswith('{left_out}') or path.name == '__main__.py': continue\n"
            "    load(module)\n"
            "    for node in ast.walk(ast.parse(path.read_bytes())):\n"
            "        if isinstance(node, ast.Import): [load(part.name) for part in node.names]\n"
            "        if isinstance(node, ast.ImportFrom):\n"
            "            [load(node.module, part.name) for part in node.names]\n"
            "print(json.dumps([missing, len(found), sorted(seen)]))",
            image,
        )
    )
    assert missing == []
    assert modules > 100
    assert {"segno", "tenacity", "cryptography.exceptions"} <= set(imported), "those of functions too"


UNUSED = {"pycparser"}
"""Locked with cryptography, whose compiled half does without: image/packages.sh."""

UNUSED_BY_THE_CLIENT = UNUSED | {
    "anyio",
    "h2",
    "hpack",
    "hyperframe",
    "typing-extensions",
    "wsproto",
}
"""Locked with the Kubernetes client, which loads them for what is not done here: image/kubernetes.sh."""


def locked(list_name: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line in a lock file that applies to Linux."""
    for line in (ROOT / list_name).read_text().splitlines():
        if "==" in line and not re.search(r"sys_platform == '(win32|emscripten)'", line):
            name, _, rest = line.partition("==")
            yield name.strip(), rest.split()[0]


@pytest.mark.parametrize(
    ("image", "list_name", "unused"),
    [
        (PRODUCT, "requirements.txt", UNUSED),
        (KUBERNETES, "requirements-kubernetes.txt", UNUSED_BY_THE_CLIENT),
    ],
)
def test_scanners_see_every_locked_package(image: str, list_name: str, unused: set[str]) -> None:
    """The metadata of the packages is kept, and it is the locked versions; what is not there has none."""
    found = json.loads(
        inside(
            "import importlib.metadata as m, json\n"
            "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in m.distributions()}))",
            image,
        )
    )
    assert found == {name: version for name, version in locked(list_name) if name not in unused}


@pytest.mark.parametrize("image", [PRODUCT, KUBERNETES])
def test_records_of_packages_say_what_is_there(image: str) -> None:
    """What was dropped is in no RECORD, and what was stripped or linked has its present hash and length."""
    wrong, verified = json.loads(
        inside(
            "import base64, hashlib, importlib.metadata as m, json\n"
            "def told(file):\n"
            "    if not file.locate().is_file(): return False\n"
            "    data = file.locate().read_bytes()\n"
            "    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()\n"
            "    return not file.hash or (file.hash.value, file.size) == (digest, len(data))\n"
            "files = [file for each in m.distributions() for file in each.files]\n"
            "print(json.dumps([[str(file) for file in files if not told(file)], len(files)]))",
            image,
        )
    )
    assert wrong == []
    assert verified > 500


def test_libraries_trust_what_the_system_trusts() -> None:
    """certifi's list is the image's: a bundle mounted over the one means all who ask either."""
    assert inside("import certifi, os; print(os.path.realpath(certifi.where()))").strip() == (
        "/etc/ssl/certs/ca-certificates.crt"
    )
