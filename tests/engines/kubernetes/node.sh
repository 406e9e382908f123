#!/bin/bash
# Disturbs the node of up.sh, and returns when it is back:
#   node.sh restart-kubelet
#   node.sh kill-sandbox NAMESPACE POD   its pause container, and with it its network; returns at once
#   node.sh stop-api, start-api          the API server alone; the first returns when it is gone
#   node.sh reboot                       processes, tmpfs and /run are lost; disks and control plane stay
set -euo pipefail
# shellcheck source=tests/engines/kubernetes/names.sh
. "$(cd "$(dirname "$0")" && pwd)/names.sh"

back() {
    start_kubelet
    wait_for "the kubelet" 60 kubelet_healthy
    wait_for "the node" 60 node_ready
}

sandboxes() { # the running ones of pod $2 in namespace $1
    local running each
    running=$(containers tasks ls | awk '$3 == "RUNNING" { print $1 }')
    for each in $(containers containers ls -q "labels.\"io.cri-containerd.kind\"==sandbox,\
labels.\"io.kubernetes.pod.namespace\"==$1,labels.\"io.kubernetes.pod.name\"==$2"); do
        ! grep -qx "$each" <<<"$running" || echo "$each"
    done
}

case ${1-},$# in
restart-kubelet,1)
    stop kubelet
    back
    ;;
kill-sandbox,3)
    found=$(sandboxes "$2" "$3")
    [ -n "$found" ] || { echo "no running sandbox of $2/$3" >&2; exit 1; }
    for each in $found; do containers tasks kill --signal SIGKILL "$each"; done
    ;;
stop-api,1) stop kube-apiserver ;;
start-api,1)
    start_api
    wait_for "the node" 60 node_ready
    ;;
reboot,1)
    stop kubelet
    end_containers
    stop containerd
    end_shims
    unmount_all
    in_netns ip link del pods 2>/dev/null || true
    rm -rf "$volatile"
    mkdir -p "$volatile"
    remove_cgroups inner
    start_containerd
    back
    ;;
*)
    echo "usage: node.sh restart-kubelet | kill-sandbox NAMESPACE POD | stop-api | start-api | reboot" >&2
    exit 64
    ;;
esac
