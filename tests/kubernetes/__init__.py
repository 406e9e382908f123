"""The manifests of k8s/ on a real cluster: whatever KUBECONFIG names.

    make test-kubernetes

Environment:
    SIDECAR_TEST_LOAD_IMAGES    a command that brings images into the cluster, given their names; unset:
                                they are there
    SIDECAR_TEST_NODE           a command that disturbs the node: `restart-kubelet`, `kill-sandbox
                                NAMESPACE POD`, `stop-api`, `start-api`, `reboot`; unset: these tests are
                                left out
    SIDECAR_TEST_IMAGE, SIDECAR_TEST_KUBERNETES_IMAGE, SIDECAR_TEST_EMULATOR_IMAGE
                                names other than those of `make image`

What a server is too old for is left out, and the run says so at its end.
"""
