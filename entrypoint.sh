#!/bin/sh
# PID 1 of every role: sleeps, compares integers that Python wrote, runs Python. Policy is not here.
# shellcheck disable=SC3013,SC3067,SC2064,SC2317 # `-nt` is in POSIX 2024, `-O` in each sh
# Traps first: an earlier signal kills, or is lost on PID 1. Assignments before `trap` outlive it.
stop='' hup='' nap='' child='' trap 'stop=${stop:-143}; [ -z "$nap$child" ] || signalled' TERM
trap 'stop=${stop:-130}; [ -z "$nap$child" ] || signalled' INT
trap 'hup=1; [ -z "$nap$child" ] || signalled' HUP
role=${1-} token=${SIDECAR_TOKEN_DIR:-/var/run/secrets/entra}
state=${SIDECAR_STATE_DIR:-/var/lib/entra-sidecar}/private
case $0 in /*) here=${0%/*} ;; */*) here=$PWD/${0%/*} ;; *) here=$PWD ;; esac
number() { case $1 in '' | *[!0-9]* | 0?* | ???????????*) return 1 ;; esac; }
# Nothing that others put there: a FIFO would hold us up, a link show or change another file.
plain() { [ -f "$state/$1" ] && [ ! -L "$state/$1" ]; }
mine() { f=$state/$1; [ -O "$state" ] && [ ! -L "$state" ] && [ ! -L "$f" ] && # or not there yet
    if [ -e "$f" ]; then [ -f "$f" ] && [ -O "$f" ]; fi; }
get() { v=''; ! plain "$1" || read -r v 2>/dev/null <"$state/$1"; number "$v" || v=''; }
uptime() { read -r up _ </proc/uptime; up=${up%%.*}; } # no fork; wall clock leaps do not touch it
usage() { printf 'usage: entrypoint.sh %s\n' "$1" >&2; exit 64; }
signalled() { # by a trap, and again after each `$!`, for signals that came before the pid was known
    [ -z "$nap" ] || kill -KILL "$nap"
    [ -z "$hup" ] || [ -z "$child" ] || [ "$role" = refresh ] || { hup=''; kill -HUP "$child"; }
    tries=0 # a child just forked can lose TERM; a turn may hold it back for 10 s; KILL after 12
    while [ -n "$stop" ] && [ -n "$child" ] && kill -TERM "$child"; do
        tries=$((tries + 1)); [ "$tries" -lt 240 ] || kill -KILL "$child"; sleep 0.05; done
} 2>/dev/null
doze() { # KILL is never lost; the second wait reaps a sleep that a signal cut short
    sleep "$1" & nap=$!; [ -z "$stop$hup" ] || signalled; wait "$nap"; wait "$nap"; nap=''
} 2>/dev/null
run() { # stdin is kept as 3: a background child's is /dev/null; ask until `wait` has told all (127)
    "$@" <&3 3<&- & child=$! code=127; [ -z "$stop$hup" ] || signalled
    { while kill -0 "$child"; do wait "$child"; code=$?; done; wait "$child"; rc=$?; } 2>/dev/null
    child=''; [ "$rc" = 127 ] || code=$rc; case ${stop:+$code} in 143 | 137) code=$stop ;; esac; }
published() { now=$(date +%s) verdict='not ready' prompt='' # until the instant in file $1?
    get live_until; live=$v; get "$1"; until=${v:-0} live=${live:-${v:-0}}
    if [ ! -d "$token/..data/" ] || [ "$live" -eq 0 ]; then line='no token published yet'
    elif [ "$until" -gt "$now" ]; then verdict=ok line="token live for $((live - now)) s"
    elif [ "$live" -gt "$now" ]; then line="token expires in $((live - now)) s"
    else line="token expired $((now - live)) s ago"; fi
    ! plain prompt || read -r prompt 2>/dev/null <"$state/prompt"
    case $prompt in *[[:cntrl:]]*) ;; ?*) line=$prompt ;; esac; }
tick() { # in place, so that no probe reads it empty; the mtimes tell whether the wall clock leapt
    uptime; leapt=''; { mine heartbeat && mine tick; } || return 0; umask 077
    printf '%s\n' "$up" 1<>"$state/heartbeat"
    if [ -e "$state/due" ] && [ "$state/heartbeat" -nt "$state/due" ]; then leapt=1; fi
    if [ "$state/tick" -nt "$state/heartbeat" ]; then leapt=1; fi
    printf '' >"$state/tick"; umask "$mask"; } 2>/dev/null
hand_on() { if [ -n "$ready" ]; then kill -s "$1" "$!" 2>/dev/null; else kept="$kept $1"; fi; }
for arg; do case $role$arg in refresh-h | refresh--help) role=help ;; esac; done
export PYTHONPATH="${here:-/}${PYTHONPATH:+:$PYTHONPATH}"
{ command exec 3<&0; } 2>/dev/null || exec 3</dev/null; case $role in # stdin may be closed
probe) case ${2-} in startup) published live_until ;; readiness) published ready_until ;; liveness)
        verdict='not alive' line='no heartbeat since boot'; get heartbeat; uptime
        age=$((up - ${v:-9999999999})); [ "$age" -lt 0 ] || line="heartbeat $age s ago"
        [ "$age" -lt 0 ] || [ "$age" -gt 180 ] || verdict=ok ;;
    *) usage 'probe startup|readiness|liveness' ;; esac
    printf '%s: %s\n' "$verdict" "$line"; [ "$verdict" = ok ]; exit ;;
wait)
    trap - HUP; hup='' limit=${2-300}; number "$limit" || usage 'wait [seconds]'
    uptime; end=$((up + limit))
    while published ready_until; uptime; [ "$verdict" != ok ] && [ "$up" -lt "$end" ]; do
        doze 1; [ -z "$stop" ] || exit "$stop"
    done; [ "$verdict" = ok ] || { printf '%s: %s\n' "$verdict" "$line"; exit 75; }; exit 0 ;;
refresh) mask=$(umask) wake=0 floor=0 step=10 how=--first; while [ -z "$stop" ]; do
        tick; [ -z "$hup" ] || { hup='' how=--now; [ "$wake" -le "$floor" ] || wake=$floor; }
        if [ "$up" -ge "$wake" ] || { [ -n "$leapt" ] && [ "$step" -eq 10 ]; }; then
            started=$up floor=$((up + 11))
            ! mine wake || printf '%-10s\n' 0 2>/dev/null 1<>"$state/wake"
            run python3 -P -m sidecar "$@" ${how:+"$how"} # 11 whole seconds are never less than 10
            case $stop,$code in ,64 | ,77 | ,78) exit "$code" ;; 1*) exit 0 ;; esac
            get wake; wake=${v:-0} how=''; uptime # emptied by another loop? `due` says the same
            [ "$code,$wake" != 0,0 ] || { get due; wake=$((up + ${v:-0} - $(date +%s))); }
            if [ "$wake" -ge "$started" ]; then step=10; else [ "$code" -ne 73 ] || step=10
                printf 'the turn left %s and no schedule: again in %s s\n' "$code" "$step" >&2
                wake=$((up + step)) step=$((step < 150 ? step * 2 : 300)); fi; fi
        left=$((wake - up)); doze "$((left < 1 ? 1 : left < 60 ? left : 60))"; done; exit 0 ;;
exec) [ -z "$stop$hup" ] || exit "${stop:-129}"; ready='' kept='' # Python listens from URG on
    trap 'ready=1; for s in $kept; do hand_on "$s"; done' URG
    for s in TERM INT HUP QUIT USR1 USR2; do trap "hand_on $s" "$s"; done ;;
esac; run python3 -P -m sidecar "$@"; exit "$code"
