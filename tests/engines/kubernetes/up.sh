#!/bin/bash
# Brings up a one-node Kubernetes on this machine only, from the binaries in K8S_DIR/bin: Kubernetes 1.20 as
# build.sh makes it, or newer ones. Everything runs in a network namespace of its own, with a bridge for the pods
# and nothing routed out of the machine. Needs root, but not CAP_SYS_RESOURCE. Prints on stdout what
# `make test-kubernetes` needs in its environment:
#   settings=$(tests/engines/kubernetes/up.sh) && eval "$settings"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines/kubernetes/names.sh
. "$here/names.sh"

for daemon in "${daemons[@]}"; do
    ! alive "$daemon" || { echo "$daemon runs already; down.sh ends it" >&2; exit 1; }
done
mkdir -p "$pki" "$log" "$pids" "$conf/cni" "$volatile" "$disk/etcd" /run/netns
chmod 0700 "$pki" "$disk/etcd"
rm -f "$kubeconfig" "$log"/*.log
minor=$(kube-apiserver --version | sed 's/^[^.]*\.\([0-9]*\).*/\1/')
say() { echo "$SECONDS s: $*" >&2; }

network() {
    [ -e "/run/netns/$netns" ] || ip netns add "$netns"
    in_netns ip link set lo up
    in_netns sysctl --quiet --write net.ipv4.ip_forward=1
    if ! ip link show "$host_link" >/dev/null 2>&1; then
        ip link add "$host_link" type veth peer name "$node_link"
        ip link set "$node_link" netns "$netns"
    fi
    ip address replace "$host_address/30" dev "$host_link"
    ip link set "$host_link" up
    in_netns ip address replace "$node_address/30" dev "$node_link"
    in_netns ip link set "$node_link" up
    # A bridge without ports holds the addresses of API and DNS; unknown service addresses end on it.
    in_netns ip link show services >/dev/null 2>&1 || in_netns ip link add services type bridge
    in_netns ip address replace "$api/32" dev services
    in_netns ip address replace "$dns/32" dev services
    in_netns ip link set services up
    in_netns ip route replace "$service_net" dev services
    ip route replace "$service_net" via "$node_address"
    ip route replace "$pod_net" via "$node_address"
}

cgroups() {
    local controller file
    [ -d /sys/fs/cgroup/memory ] || { echo "cgroup version 1 (or hybrid) is needed" >&2; exit 69; }
    for controller in "${controllers[@]}"; do
        [ ! -d "/sys/fs/cgroup/$controller" ] || mkdir -p "/sys/fs/cgroup/$controller/k8s-$name"
    done
    for file in cpuset.cpus cpuset.mems; do
        cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/k8s-$name/$file"
    done
}

fill() { # a template of this folder
    sed -e "s#@API@#$api#; s#@DNS@#$dns#; s#@PKI@#$pki#; s#@CONF@#$conf#; s#@CGROUP@#k8s-$name#; s#@NODE@#$node#
        s#@POD_NET@#$pod_net#; s#@DISK@#$disk#; s#@VOLATILE@#$volatile#; s#@SOCKET@#$socket#; s#@PLUGINS@#$plugins#" \
        "$here/$1" >"$conf/$1"
}

configuration() {
    fill containerd.toml
    fill kubelet.yaml
    fill kube-proxy.yaml
    echo "nameserver $dns" >"$conf/resolv.conf"
    cat >"$conf/cni/pods.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods", "isGateway": true,
  "ipMasq": false, "hairpinMode": true, "ipam": {"type": "host-local", "dataDir": "$volatile/cni",
  "ranges": [[{"subnet": "$pod_net"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    api_options=() manager_options=() scheduler_options=()
    if [ "$minor" -lt 24 ]; then # their ports without TLS, on by default then
        api_options+=(--insecure-port=0)
        manager_options+=(--port=0)
        scheduler_options+=(--port=0)
    fi
    if [ "$minor" -ge 34 ]; then
        api_options+=(--runtime-config=admissionregistration.k8s.io/v1beta1=true)
        [ "$minor" -ge 36 ] || api_options+=(--feature-gates=MutatingAdmissionPolicy=true)
    fi
    : >"$conf/api.options"
    [ "${#api_options[@]}" -eq 0 ] || printf '%s\n' "${api_options[@]}" >"$conf/api.options"
    : >"$conf/kubelet.options"
    if [ "$minor" -lt 27 ]; then
        echo "featureGates: {SizeMemoryBackedVolumes: true}" >>"$conf/kubelet.yaml"
        printf '%s\n' --container-runtime=remote "--container-runtime-endpoint=unix://$socket" \
            "--volume-plugin-dir=$disk/plugins" >"$conf/kubelet.options"
    else
        cat >>"$conf/kubelet.yaml" <<YAML
containerRuntimeEndpoint: unix://$socket
volumePluginDir: $disk/plugins
YAML
        [ "$minor" -lt 31 ] || echo "failCgroupV1: false" >>"$conf/kubelet.yaml"
        [ "$minor" -lt 32 ] || echo "podLogsDir: $disk/logs" >>"$conf/kubelet.yaml"
    fi
}

control_plane() {
    local listen=http://127.0.0.1
    start etcd etcd --data-dir "$disk/etcd" --unsafe-no-fsync --logger=zap --log-level=warn \
        --listen-client-urls "$listen:2379" --advertise-client-urls "$listen:2379" \
        --listen-peer-urls "$listen:2380" --initial-advertise-peer-urls "$listen:2380" \
        --initial-cluster "default=$listen:2380"
    start_api
    start kube-controller-manager kube-controller-manager --bind-address=127.0.0.1 --leader-elect=false \
        --kubeconfig="$pki/controller-manager.kubeconfig" --use-service-account-credentials \
        --authentication-kubeconfig="$pki/controller-manager.kubeconfig" \
        --authorization-kubeconfig="$pki/controller-manager.kubeconfig" \
        --service-account-private-key-file="$pki/accounts.key" --root-ca-file="$pki/ca.crt" \
        --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
        "${manager_options[@]}" --v=2
    start kube-scheduler kube-scheduler --bind-address=127.0.0.1 --leader-elect=false \
        --kubeconfig="$pki/scheduler.kubeconfig" --authentication-kubeconfig="$pki/scheduler.kubeconfig" \
        --authorization-kubeconfig="$pki/scheduler.kubeconfig" "${scheduler_options[@]}" --v=2
}

network
cgroups
configuration
"$here/certificates.sh" "$pki" "$api" "$node"
say "network and certificates"
start_containerd
containers images ls -q | grep -qx localhost/pause:1 ||
    "$here/pause-image.sh" "$bin/pause" | containers images import - >/dev/null
say "containerd"
control_plane
say "control plane"
start_kubelet
start kube-proxy kube-proxy --config "$conf/kube-proxy.yaml" --v=2
start dns python3 "$here/dns.py" "https://$api:443" "$pki/ca.crt" "$pki/admin.crt" "$pki/admin.key" "$dns"
wait_for "the node" 90 node_ready
wait_for "the default ServiceAccount" 30 admin get serviceaccount default
cp "$pki/admin.kubeconfig" "$kubeconfig"
say "node ready, Kubernetes 1.$minor"
printf 'export %s=%q\n' KUBECONFIG "$kubeconfig" K8S_DIR "$folder" K8S_NAME "$name" K8S_NET "$net" \
    SIDECAR_TEST_LOAD_IMAGES "$here/load-image.sh" SIDECAR_TEST_NODE "$here/node.sh"
