#!/bin/bash
# Ends the cluster of up.sh: the processes it started and its own containers, nothing else. Images and
# certificates stay for the next time, unless --purge is given.
set -uo pipefail
# shellcheck source=tests/engines/kubernetes/names.sh
. "$(cd "$(dirname "$0")" && pwd)/names.sh"
rm -f "$kubeconfig"
for daemon in kubelet kube-proxy dns; do stop "$daemon"; done
if [ -S "$socket" ]; then
    end_containers
    for task in $(containers tasks ls -q 2>/dev/null); do containers tasks rm --force "$task" >/dev/null 2>&1; done
    for each in $(containers containers ls -q 2>/dev/null); do containers containers rm "$each" >/dev/null 2>&1; done
fi
for daemon in kube-scheduler kube-controller-manager kube-apiserver etcd containerd; do stop "$daemon"; done
end_shims
unmount_all
for pod in "$disk"/kubelet/pods/*; do # old kubelets log in a place of the machine's
    [ ! -d "$pod" ] || rm -rf /var/log/pods/*_"${pod##*/}"
done
ip route del "$pod_net" via "$node_address" 2>/dev/null
ip route del "$service_net" via "$node_address" 2>/dev/null
ip link del "$host_link" 2>/dev/null
ip netns del "$netns" 2>/dev/null
remove_cgroups all
rm -rf "$disk/kubelet" "$disk/etcd" "$disk/logs" "$volatile"
[ "${1-}" != --purge ] || rm -rf "$disk" "$pki" "$conf" "$log" "$pids"
exit 0
