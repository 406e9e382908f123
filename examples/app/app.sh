#!/bin/sh
# Calls an API every few seconds with the token that the sidecar keeps fresh. Needs curl and jq.
token_file=${TOKEN_FILE:-/var/run/secrets/entra/token}
url=${API_URL:-https://graph.microsoft.com/v1.0/me}
pause=${CALL_EVERY_SECONDS:-10}
# A container's first process ends at TERM only if it says so.
trap 'exit 0' TERM INT

call() { # The token is read for every request, and goes in by stdin: arguments are for all to see.
    answer=$(printf 'Authorization: Bearer %s' "$(cat "$token_file")" |
        curl --silent --show-error --max-time 10 --header @- --write-out '\n%{http_code}' "$url")
    status=${answer##*
}
}

rest() { # In the background, so that TERM does not wait for it.
    sleep "$1" &
    wait "$!"
}

until [ -s "$token_file" ]; do
    echo "waiting for $token_file"
    rest 2
done
while :; do
    call
    [ "$status" != 401 ] || call # it was renewed between reading and calling
    case $status in
    200) echo "200 $(printf '%s' "${answer%???}" | jq --raw-output .displayName)" ;;
    000) ;; # curl has said why
    *) echo "$status" ;;
    esac
    rest "$pause"
done
