#!/bin/sh
# What requirements.txt names, compiled, below /root.d as it lies in an image of Debian's.
set -eu
if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi
if [ -e /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi
site=/usr/local/lib/$(basename "$(readlink -f /usr/bin/python3)")/dist-packages
pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-compile \
    --require-hashes --target "/root.d$site" -r /requirements.txt
# Some packages carry templates that are no Python: what cannot be compiled is never imported.
python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /root.d -p / "/root.d$site" || true
