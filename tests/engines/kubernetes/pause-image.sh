#!/bin/bash
# pause-image.sh BINARY: an image `localhost/pause:1` of this one static binary, as `docker save` writes it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digest() { sha256sum "$1" | cut -d ' ' -f 1; }
cp "$1" "$work/pause"
tar -C "$work" -cf "$work/layer.tar" --owner=0 --group=0 --mode=0755 pause
cat >"$work/config.json" <<JSON
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "config": {"Entrypoint": ["/pause"]},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(digest "$work/layer.tar")"]}}
JSON
echo '[{"Config": "config.json", "RepoTags": ["localhost/pause:1"], "Layers": ["layer.tar"]}]' >"$work/manifest.json"
tar -C "$work" -c manifest.json config.json layer.tar
