"""Real processes under entrypoint.sh against a provider over HTTPS, real files, real signals."""
