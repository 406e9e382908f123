#!/bin/sh
# A token file kept fresh with oidc-agent: the agent keeps the refresh token, a shell asks it for access tokens.
# USR1 renews now. The agent's encrypted account and its password file make the next start silent; it holds the
# refresh token alone, so that start costs a renewal.
set -eu
umask 077
export HOME=/bench/state OIDC_CONFIG_DIR=/bench/state/oidc-agent
password=/bench/state/password force='' nap=''

trap 'exit 0' TERM
trap 'force=--force-new; [ -z "$nap" ] || kill "$nap" 2>/dev/null || :' USR1

mkdir -p "$OIDC_CONFIG_DIR"
eval "$(oidc-agent --quiet --no-autoload)"
if [ -e "$OIDC_CONFIG_DIR/account" ]; then
    oidc-add --pw-file="$password" account
else
    head -c 24 /dev/urandom | base64 >"$password"
    # It has no public clients of one's own: a secret, and a redirect that this flow does not use, are asked for.
    oidc-gen --manual --flow=device --issuer="$ISSUER" --client-id="$CLIENT_ID" \
        --client-secret=none --redirect-uri=http://localhost:8080 --scope="openid offline_access $SCOPE" \
        --cert-path="$CA_FILE" --pw-file="$password" --prompt=none --confirm-default --no-url-call account
fi

# oidc-token -a prints three lines: token, issuer, expiry.
write() {
    { read -r token && read -r _ && read -r expires_on; } <<END
$1
END
    printf %s "$token" >/bench/token/.token.new
    mv /bench/token/.token.new /bench/token/token
    token=''
    echo "token written"
}

while :; do
    asked=$force force=''
    write "$(oidc-token ${asked:+"$asked"} --time=299 --all account)"
    seconds=$((expires_on - $(date +%s) - 299))
    [ "$seconds" -ge 1 ] || seconds=1
    if [ -z "$force" ]; then
        sleep "$seconds" &
        nap=$!
        wait "$nap" || :
        nap=''
    fi
done
