"""The settings by what they are about: the order of every help."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, frozenset[str]] = {
    "of a file": frozenset({"SIDECAR_SETTINGS_FILE"}),
    "tenant, app and who may sign in": frozenset(
        {
            "AZURE_CLIENT_ID",
            "AZURE_TENANT_ID",
            "AZURE_AUTHORITY_HOST",
            "SIDECAR_OIDC_AUTHORITY",
            "SIDECAR_CA_FILE",
            "SIDECAR_ALLOWED_USERS",
            "SIDECAR_ALLOWED_TENANTS",
        }
    ),
    "tokens": frozenset(
        {
            "SIDECAR_SCOPES",
            "SIDECAR_TOKENS",
            "SIDECAR_FORMATS",
            "SIDECAR_TEMPLATE_DIR",
            "SIDECAR_REFRESH_AT",
            "SIDECAR_MIN_VALIDITY",
        }
    ),
    "directories": frozenset(
        {
            "SIDECAR_TOKEN_DIR",
            "SIDECAR_STATE_DIR",
            "SIDECAR_TOKEN_MODE",
            "SIDECAR_TOKEN_GROUP",
            "SIDECAR_CACHE_KEY_FILE",
        }
    ),
    "prompt": frozenset(
        {
            "SIDECAR_SIGNIN_TIMEOUT",
            "SIDECAR_SIGNIN_HOURS",
            "SIDECAR_ON_SIGNIN_REQUIRED",
            "SIDECAR_PROMPT_LANGUAGE",
            "SIDECAR_PROMPT_FROM",
            "SIDECAR_PROMPT_PURPOSE",
            "SIDECAR_PROMPT_QR",
            "SIDECAR_PROMPT_WEBHOOK_URL",
            "SIDECAR_PROMPT_WEBHOOK_FORMAT",
            "SIDECAR_PROMPT_COMMAND",
        }
    ),
    "telling apps": frozenset({"SIDECAR_ON_PUBLISH_COMMAND", "SIDECAR_ON_PUBLISH_SIGNAL"}),
    "serve": frozenset(
        {
            "SIDECAR_SERVE_ADDRESS",
            "SIDECAR_SERVE_SECRET_FILE",
            "SIDECAR_SERVE_HOSTS",
            "SIDECAR_SERVE_IMDS",
            "SIDECAR_ON_DEMAND",
        }
    ),
    "one sign-in for many pods (docs/shared.md)": frozenset(
        {
            "SIDECAR_PUBLISH_SECRET",
            "SIDECAR_STATE_SECRET",
            "SIDECAR_POD",
            "SIDECAR_SERVICE_ACCOUNT_DIR",
        }
    ),
    "log": frozenset({"SIDECAR_LOG_FORMAT", "SIDECAR_LOG_LEVEL"}),
}
"""Each setting is in exactly one of them."""
