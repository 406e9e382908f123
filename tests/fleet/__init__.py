"""A fleet in virtual time: what thousands of pods ask of people, of Entra, and of the API server.

`python -m tests.fleet` prints it. When a pod renews, tries again and asks a person is decided by the
product's own `sidecar.core`; what is made up here is the world around it, and `docs/fleet.md` says how.
"""
