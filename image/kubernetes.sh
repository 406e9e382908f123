#!/bin/sh
# From the packages of the Kubernetes client in $1, drops what a turn never loads: HTTP/2, WebSockets, async, and
# the models of API groups that nothing here uses. `tests/image` runs all of the client without it.
set -eu
cd "$1"

# Whole packages go with their metadata, so that scanners see what is there.
rm -rf bin anyio anyio-* h2 h2-* hpack hpack-* hyperframe hyperframe-* wsproto wsproto-* \
    typing_extensions.py typing_extensions-*
rm -rf yaml/_yaml.*.so _yaml # PyYAML goes on without libyaml

# lightkube itself imports these.
for folder in lightkube/models lightkube/resources; do
    find "$folder" -name '*.py' ! -name __init__.py ! -name _schema.py ! -name apiextensions_v1.py \
        ! -name authentication_v1.py ! -name autoscaling_v1.py ! -name core_v1.py ! -name meta_v1.py \
        ! -name policy_v1.py ! -name resource.py ! -name runtime.py ! -name util_intstr.py -delete
done
find . -type f \( -name '*.pyi' -o -name py.typed \) -delete
find . -type f -name '*.so' -exec strip --strip-unneeded {} +
find . -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
