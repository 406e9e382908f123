#!/bin/bash
# Builds Kubernetes 1.20 out of the source package of Debian 12, and installs from Debian what a node needs
# beside it, and kubectl. About four minutes on two idle cores; what is there already is not built again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines/kubernetes/names.sh
. "$here/names.sh"
# shellcheck source=tests/engines/debian.sh
. "$here/../debian.sh"

binaries=(kubelet kube-apiserver kube-controller-manager kube-scheduler kube-proxy)
go=/usr/lib/go-1.19/bin
tree=$folder/go/src/k8s.io/kubernetes # where the Go of that time looks for its packages

install_packages() {
    local unpacked
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    command -v kubectl >/dev/null && return
    # Debian 12 has one whose kustomize knows no components.
    unpacked=$(mktemp -d)
    from_suite trixie "$unpacked" kubectl
    cp "$unpacked/usr/bin/kubectl" /usr/local/bin/
    rm -rf "$unpacked"
}

fetch_source() {
    mkdir -p "$(dirname "$tree")" "$folder/apt"
    (cd "$folder/apt" && private_apt "$folder/apt" deb-src bookworm &&
        apt-get source -qq --download-only kubernetes 2>/dev/null)
    rm -rf "$tree"
    dpkg-source -x "$folder"/apt/kubernetes_1.20*.dsc "$tree" >/dev/null
}

go_build() {
    (cd "$tree" && env -u GOFLAGS -u GOROOT PWD="$tree" GOPATH="$folder/go" GO111MODULE=off GOPROXY=off \
        GOCACHE="$folder/cache" CGO_ENABLED=0 PATH="$go:$PATH" nice -n 10 "$go/go" build -trimpath "$@")
}

generate_openapi() { # the package leaves this file to its build
    local inputs
    go_build -o "$folder/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    cd "$tree"
    inputs=$(grep -rlE '^// *\+k8s:openapi-gen=true' --include='*.go' pkg cmd plugin staging/src |
        xargs -n1 dirname | sort -u |
        sed -e 's#^staging/src/#k8s.io/kubernetes/vendor/#' -e '/^k8s.io/!s#^#k8s.io/kubernetes/#' |
        grep -v 'sample-\|code-generator\|kube-openapi/test' | paste -sd,)
    # It leaves an error for known violations of naming rules, after writing everything.
    PWD="$tree" GOPATH="$folder/go" GO111MODULE=off GOCACHE="$folder/cache" PATH="$go:$PATH" \
        nice -n 10 "$folder/openapi-gen" -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi \
        -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt \
        -r "$folder/violations.report" --output-base "$folder/go/src" >/dev/null 2>&1 || true
    [ -s pkg/generated/openapi/zz_generated.openapi.go ]
}

build() {
    local flags='-s -w' where field name
    for where in component-base/version client-go/pkg/version; do
        for field in gitVersion=v1.20.2 gitMajor=1 gitMinor=20 gitTreeState=clean; do
            flags+=" -X k8s.io/kubernetes/vendor/k8s.io/$where.$field"
        done
    done
    for name in "${binaries[@]}"; do
        go_build -tags 'providerless dockerless osusergo netgo' -ldflags "$flags" -o "$folder/new/$name" \
            "./cmd/$name"
        echo "$name after $SECONDS s"
    done
}

packages=(containerd runc etcd-server containernetworking-plugins iptables conntrack curl ethtool iproute2 openssl
    procps util-linux python3)
mkdir -p "$folder"
if [ -x "$bin/kube-proxy" ] && [ -x "$bin/pause" ]; then
    install_packages
    exit 0
fi
packages+=(golang-1.19-go dpkg-dev)
install_packages
fetch_source
rm -rf "$folder/new" && mkdir -p "$folder/new"
generate_openapi
build
go_build -ldflags '-s -w' -o "$folder/new/pause" "$here/pause.go"
rm -rf "$bin" && mv "$folder/new" "$bin"
rm -rf "$folder/go" "$folder/cache" "$folder/apt" "$folder/openapi-gen" "$folder/violations.report"
