"""A stand-in for the Kubernetes API server: what the real one of tests/kubernetes cannot be made to do."""
