"""Real engines for the tests: Docker here, Kubernetes in the folder beside."""
