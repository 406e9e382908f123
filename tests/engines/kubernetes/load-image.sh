#!/bin/bash
# load-image.sh NAME...: brings images of this machine's Docker engine into the cluster of up.sh. A name that is a
# file is taken for what `docker save` wrote. An image of the same name is replaced.
set -euo pipefail
# shellcheck source=tests/engines/kubernetes/names.sh
. "$(cd "$(dirname "$0")" && pwd)/names.sh"
[ $# -gt 0 ] || { echo "usage: load-image.sh NAME..." >&2; exit 64; }
names=()
for each; do
    if [ -f "$each" ]; then containers images import "$each"; else names+=("$each"); fi
done
[ "${#names[@]}" -eq 0 ] || docker save "${names[@]}" | containers images import -
