# shellcheck shell=bash # sourced
# Packages of other suites of Debian than this system's, which itself stays as it is.

packages() { # installs packages of this system's own suite
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

mirror() { # the one that this machine's own apt uses
    { awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null
      awk '$1 == "deb" && $2 ~ /^http/ { print $2; exit }' /etc/apt/sources.list 2>/dev/null; } | head -n 1
}

private_apt() { # lists and cache of apt in folder $1, of $2 (deb or deb-src) and suite $3; sets APT_CONFIG
    mkdir -p "$1"/lists/partial "$1"/cache/archives/partial "$1/none"
    : >"$1/status"
    echo "$2 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $3 main" >"$1/sources.list"
    cat >"$1/apt.conf" <<CONF
Dir::State "$1"; Dir::State::status "$1/status"; Dir::State::lists "$1/lists"; Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$1/sources.list"; Dir::Etc::sourceparts "$1/none";
Acquire::Languages "none"; APT::Sandbox::User "root";
CONF
    export APT_CONFIG=$1/apt.conf
    apt-get update -qq
}

from_suite() { # unpacks packages $3 ... of suite $1 into folder $2
    local suite=$1 into=$2 apt package
    shift 2
    apt=$(mktemp -d)
    mkdir -p "$into"
    (cd "$apt" && private_apt "$apt" deb "$suite" && apt-get download -qq "$@" &&
        for package in ./*.deb; do dpkg -x "$package" "$into"; done)
    rm -rf "$apt"
}
