#!/bin/bash
# A Docker engine with buildx and Compose v2 out of Debian's packages, for a machine that has none:
#   docker.sh up      install what is missing, start the engine if none answers, make the base image
#   docker.sh down    end the engine that `up` started
#   docker.sh restart the same engine anew, as after a crash of the machine's daemon
# Where an engine answers already, `up` leaves it as it is. Needs root on Debian 12 or newer.
set -euo pipefail

run=${XDG_RUNTIME_DIR:-/run}/entra-sidecar-docker
pid_file=$run/dockerd.pid
base=${BASE:-debian:trixie-slim}
suite=trixie
plugins=/usr/local/lib/docker/cli-plugins
# shellcheck source=tests/engines/debian.sh
. "$(cd "$(dirname "$0")" && pwd)/debian.sh"

answers() { docker info >/dev/null 2>&1; }

install() {
    if ! command -v dockerd >/dev/null && ! answers; then packages docker.io iptables; fi
    command -v docker >/dev/null || packages docker-cli # of its own from Debian 13 on
    if ! docker compose version >/dev/null 2>&1 || ! docker buildx version >/dev/null 2>&1; then
        local unpacked
        unpacked=$(mktemp -d)
        from_suite "$suite" "$unpacked" docker-compose docker-buildx
        mkdir -p "$plugins"
        find "$unpacked" -path '*/cli-plugins/*' -type f -exec cp {} "$plugins" \;
        rm -rf "$unpacked"
    fi
}

start() {
    mkdir -p "$run"
    setsid nohup dockerd --pidfile "$pid_file" >>"$run/dockerd.log" 2>&1 </dev/null &
    for _ in $(seq 300); do
        ! answers || return 0
        sleep 0.2
    done
    tail -n 20 "$run/dockerd.log" >&2
    exit 1
}

stop() {
    local pid
    [ -f "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid"
}

base_image() { # what the public image of that name is made of: the same packages
    docker image inspect "$base" >/dev/null 2>&1 && return 0
    timeout 60 docker pull -q "$base" >/dev/null 2>&1 && return 0
    local root
    command -v debootstrap >/dev/null || packages debootstrap
    root=$(mktemp -d)
    debootstrap --variant=minbase "$suite" "$root" "$(mirror)" >"$run/debootstrap.log" 2>&1 ||
        { tail -n 20 "$run/debootstrap.log" >&2; exit 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{man,locale}/*
    find "$root/usr/share/doc" -type f ! -name copyright -delete
    tar -C "$root" -c . | docker import - "$base" >/dev/null
    rm -rf "$root"
}

case ${1-} in
up)
    install
    answers || start
    mkdir -p "$run"
    base_image
    docker version --format 'Docker {{.Server.Version}}, client {{.Client.Version}}'
    docker compose version --short | sed 's/^/Compose /'
    ;;
down) stop ;;
restart)
    [ -f "$pid_file" ] || { echo "not started by this script" >&2; exit 69; }
    stop
    start
    ;;
*)
    echo "usage: docker.sh up|down|restart" >&2
    exit 64
    ;;
esac
