#!/bin/bash
# certificates.sh DIR API_ADDRESS NODE: a certificate authority and what each part of the cluster shows
# to the others, with a kubeconfig for those who call the API. What is there already stays.
set -euo pipefail
cd "$1"
api=$2
node=$3
[ ! -f kubelet.kubeconfig ] || exit 0

quiet() { "$@" 2>/dev/null; }

certificate() { # name, subject, extensions
    quiet openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
    printf '%s\n' basicConstraints=CA:FALSE keyUsage=critical,digitalSignature,keyEncipherment \
        subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "${@:3}" >"$1.ext"
    quiet openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
        -extfile "$1.ext" -out "$1.crt"
    rm "$1.csr" "$1.ext"
}

client() { # name, subject
    certificate "$1" "$2" extendedKeyUsage=clientAuth
    cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://$api:443", certificate-authority: $PWD/ca.crt}}]
users: [{name: u, user: {client-certificate: $PWD/$1.crt, client-key: $PWD/$1.key}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
YAML
}

# Python 3.13 refuses an authority that does not say what its key is for.
quiet openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=kubernetes-ca \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt
quiet openssl genrsa -out accounts.key 2048
quiet openssl rsa -in accounts.key -pubout -out accounts.pub
names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
names+=,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$api
certificate apiserver /CN=kube-apiserver extendedKeyUsage=serverAuth "subjectAltName=$names"
certificate kubelet-server "/CN=$node" extendedKeyUsage=serverAuth "subjectAltName=DNS:$node,IP:$api"
certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client extendedKeyUsage=clientAuth
client admin /O=system:masters/CN=admin
client controller-manager /CN=system:kube-controller-manager
client scheduler /CN=system:kube-scheduler
client proxy /CN=system:kube-proxy
client kubelet "/O=system:nodes/CN=system:node:$node"
