#!/bin/sh
# A token file kept fresh with az: it keeps the refresh token in its directory, a shell runs it before the token
# expires. USR1 renews now. The next start is silent, and while the token lives costs no request.
set -eu
umask 077
export AZURE_CONFIG_DIR=/bench/state/azure AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_INSTANCE_DISCOVERY=no
export AZURE_CORE_LOGIN_EXPERIENCE_V2=off AZURE_CORE_ONLY_SHOW_ERRORS=yes
cache=$AZURE_CONFIG_DIR/msal_token_cache.json force='' nap=''

trap 'exit 0' TERM
trap 'force=1; [ -z "$nap" ] || kill "$nap" 2>/dev/null || :' USR1

az() { python3 -Im azure.cli "$@"; }

if ! [ -e "$cache" ]; then
    arm=https://management.core.windows.net/
    az cloud register --name here --skip-endpoint-discovery --endpoint-active-directory "$AUTHORITY_HOST" \
        --endpoint-active-directory-resource-id "$arm" --endpoint-resource-manager "$AUTHORITY_HOST"
    az cloud set --name here
    az login --use-device-code --allow-no-subscriptions --tenant "$TENANT_ID" --output none
fi

# Two lines: token, expiry.
write() {
    { read -r token && read -r expires_on; } <<END
$1
END
    printf %s "$token" >/bench/token/.token.new
    mv /bench/token/.token.new /bench/token/token
    token=''
    echo "token written"
}

while :; do
    # az has no option for it and renews with less than five minutes left: so what it has looks as if it had.
    [ -z "$force" ] || sed -i 's/"expires_on": "[0-9]*"/"expires_on": "1"/g' "$cache"
    force=''
    write "$(az account get-access-token --scope "$SCOPE" --query '[accessToken,expires_on]' --output tsv)"
    seconds=$((expires_on - $(date +%s) - 299))
    [ "$seconds" -ge 1 ] || seconds=1
    if [ -z "$force" ]; then
        sleep "$seconds" &
        nap=$!
        wait "$nap" || :
        nap=''
    fi
done
