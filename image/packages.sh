#!/bin/sh
# From the locked packages in $1, drops what nothing here runs. `tests/image` runs every role without it;
# docs/decisions/0021-what-the-image-leaves-out.md says what each gave.
set -eu
cd "$1"

# Whole packages go with their metadata, so that scanners see what is there.
rm -rf bin share pycparser pycparser-*
# Of cffi, cryptography loads the compiled half alone; the other makes such modules, with pycparser.
rm -rf cffi
# Compiled twins of Python modules, for detecting encodings, which happens nowhere here.
rm -f charset_normalizer/cd.*.so charset_normalizer/md.*.so
# Other systems, other frameworks, command lines, and readers of what is written here.
rm -rf msal/__main__.py msal/broker.py segno/cli.py segno/helpers.py urllib3/contrib/emscripten \
    urllib3/contrib/pyopenssl.py prometheus_client/bridge prometheus_client/django prometheus_client/multiprocess.py \
    prometheus_client/openmetrics/parser.py prometheus_client/parser.py
# The text that the zones are made from, and tables for choosing one on a map.
(cd tzdata/zoneinfo && rm -f iso3166.tab leapseconds tzdata.zi zone.tab zone1970.tab zonenow.tab)
# Types, and C for compilers.
find . -type f \( -name '*.pyi' -o -name '*.h' -o -name py.typed \) -delete
find . -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
# One list of authorities in the image: whoever mounts another one means all that ask.
ln -sf /etc/ssl/certs/ca-certificates.crt certifi/cacert.pem
# Symbols for linkers and debuggers, as Debian does with its own.
find . -type f -name '*.so' -exec strip --strip-unneeded {} +
