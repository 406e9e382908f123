# shellcheck shell=bash disable=SC2034 # sourced; the others use what is set here
# Names, addresses and places of one cluster, all from three variables of the environment:
#   K8S_DIR    its folder: bin/ with the binaries, admin.kubeconfig, certificates, logs
#   K8S_NAME   up to ten letters; clusters of different names and nets never meet
#   K8S_NET    the second byte of its service addresses, below 128; the pods' is 128 more
folder=${K8S_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/entra-sidecar-kubernetes}
name=${K8S_NAME:-entra}
net=${K8S_NET:-96}

bin=$folder/bin
conf=$folder/conf
log=$folder/log
pki=$folder/pki
kubeconfig=$folder/admin.kubeconfig
disk=/var/lib/k8s-$name     # stays through a reboot
volatile=/run/k8s-$name     # does not, as all of /run
pids=$folder/pids
socket=$volatile/containerd.sock
netns=k8s-$name             # own ports and packet rules, whatever else the machine runs
host_link=$name-host
node_link=$name-node
node=node1
service_net=10.$net.0.0/16
api=10.$net.0.1
dns=10.$net.0.10
pod_net=10.$((net + 128)).0.0/24
host_address=10.$((net + 128)).255.1
node_address=10.$((net + 128)).255.2
controllers=(cpu cpuacct cpuset memory devices freezer blkio pids systemd unified)

# What is newer than Debian 12 lies beside the binaries that need it: containerd, runc, etcd in bin/,
# network plugins in cni/, libraries in lib/.
PATH=$bin:/usr/sbin:$PATH
plugins=/usr/lib/cni
[ ! -d "$folder/cni" ] || plugins=$folder/cni
[ ! -d "$folder/lib" ] || export LD_LIBRARY_PATH=$folder/lib
export HTTP_PROXY='' HTTPS_PROXY='' http_proxy='' https_proxy='' NO_PROXY='*'

daemons=(containerd etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy dns)

containers() { ctr --address "$socket" --namespace k8s.io "$@"; }
admin() { kubectl --kubeconfig "$pki/admin.kubeconfig" "$@"; }
in_netns() { nsenter --net="/run/netns/$netns" "$@"; }

alive() { [ -f "$pids/$1" ] && kill -0 "$(cat "$pids/$1")" 2>/dev/null; }

start() { # in the background, with a log and a file for its pid
    local daemon=$1
    shift
    setsid nohup nsenter --net="/run/netns/$netns" "$@" >>"$log/$daemon.log" 2>&1 </dev/null &
    echo $! >"$pids/$daemon"
}

stop() {
    local pid
    [ -f "$pids/$1" ] || return 0
    pid=$(cat "$pids/$1")
    rm -f "$pids/$1"
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

wait_for() { # what, seconds, command
    local what=$1 seconds=$2 until
    shift 2
    until=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || { echo "not within $seconds s: $what; see $log" >&2; return 1; }
        sleep 0.2
    done
}

node_ready() {
    admin get node "$node" --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True
}

kubelet_healthy() { in_netns curl --silent --fail --max-time 2 http://127.0.0.1:10248/healthz; }

start_containerd() {
    start containerd containerd --config "$conf/containerd.toml"
    wait_for containerd 30 containers version
}

start_api() {
    local options=()
    mapfile -t options <"$conf/api.options"
    start kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
        --bind-address="$api" --advertise-address="$api" --secure-port=443 --service-cluster-ip-range="$service_net" \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
        --service-account-key-file="$pki/accounts.pub" --service-account-signing-key-file="$pki/accounts.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
        --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
        --profiling=false "${options[@]}" --v=2
    wait_for "the API server" 120 admin get --raw /readyz
}

start_kubelet() {
    local options=()
    mapfile -t options <"$conf/kubelet.options"
    start kubelet kubelet --config "$conf/kubelet.yaml" --kubeconfig "$pki/kubelet.kubeconfig" \
        --root-dir "$disk/kubelet" --hostname-override "$node" --node-ip "$api" --containerd "$socket" \
        "${options[@]}" --v=2
}

end_containers() { # all processes of all pods, as a loss of power would
    local task pid
    for task in $(containers tasks ls -q 2>/dev/null); do
        containers tasks kill --signal SIGKILL "$task" >/dev/null 2>&1 || true
    done
    for _ in $(seq 50); do
        containers tasks ls 2>/dev/null | awk 'NR > 1 && $3 != "STOPPED" { found = 1 } END { exit !found }' || break
        sleep 0.1
    done
}

end_shims() { # those of this containerd, which outlive it
    local process
    for process in /proc/[0-9]*; do
        if { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null |
            grep -q "containerd-shim-runc-v2 .*-address $socket"; then
            kill -KILL "${process#/proc/}" 2>/dev/null || true
        fi
    done
}

unmount_all() {
    local mount
    awk -v a="$disk/" -v b="$volatile/" 'index($2, a) == 1 || index($2, b) == 1 { print $2 }' /proc/mounts |
        sort -r | while read -r mount; do umount --lazy "$mount" 2>/dev/null || true; done
}

remove_cgroups() { # `inner`: below the cluster's own; `all`: itself too
    local controller
    for controller in "${controllers[@]}"; do
        [ -d "/sys/fs/cgroup/$controller/k8s-$name" ] || continue
        find "/sys/fs/cgroup/$controller/k8s-$name" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ "$1" != all ] || rmdir "/sys/fs/cgroup/$controller/k8s-$name" 2>/dev/null || true
    done
}
