"""The derived files of k8s/: `python -m tests.manifests.generate` writes them."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.manifests import arrangements, injection

HEADER = "# Written by `make manifests`; change k8s/component/pod.yaml instead.\n"


class Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that an expression can be read."""


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def dumped(content: object) -> str:
    """YAML in the order given, small mappings on one line."""
    return yaml.dump(
        content, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=400, allow_unicode=True
    )


def derived() -> dict[Path, str]:
    """Path to text."""
    made = {path: HEADER + dumped(content) for path, content in arrangements.files()}
    for path, documents in injection.files():
        made[path] = HEADER + "---\n".join(dumped(document) for document in documents)
    return made


if __name__ == "__main__":
    for path, text in derived().items():
        path.write_text(text)
