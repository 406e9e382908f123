"""Settings: what is read from where, and how all mistakes are told at once."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from sidecar.core.kubernetes.names import ObjectName, Pod
from sidecar.core.signal_target import SignalTarget
from sidecar.core.signin_hours import SigninHours
from sidecar.declarations import SETTINGS
from sidecar.errors import SettingsError
from sidecar.settings import Settings, read_settings

CLIENT = "11111111-2222-4333-8444-555555555555"
TENANT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
SCOPE = "https://graph.microsoft.com/.default"
ENTRA = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, "SIDECAR_SCOPES": SCOPE}
OIDC = {
    "AZURE_CLIENT_ID": "any-client",
    "SIDECAR_OIDC_AUTHORITY": "https://id.example/realms/main",
    "SIDECAR_SCOPES": "openid",
}


def mistakes(environ: dict[str, str], flags: dict[str, str] | None = None) -> list[str]:
    """What is wrong with these settings."""
    with pytest.raises(SettingsError) as refused:
        read_settings(environ, flags or {})
    return refused.value.mistakes


def test_three_settings_are_enough() -> None:
    """Client, tenant and scope; everything else has the default of the contract."""
    assert read_settings(ENTRA, {}) == Settings(
        settings_file=None,
        client_id=CLIENT,
        tenant_id=TENANT,
        authority_host="https://login.microsoftonline.com",
        scopes=(SCOPE,),
        tokens={},
        token_dir=Path("/var/run/secrets/entra"),
        state_dir=Path("/var/lib/entra-sidecar"),
        formats=(),
        template_dir=None,
        token_mode=0o640,
        token_group=None,
        cache_key_file=None,
        allowed_users=frozenset(),
        allowed_tenants=frozenset(),
        signin_timeout=3600,
        on_signin_required="prompt",
        refresh_at=0.66,
        min_validity=60,
        oidc_authority=None,
        ca_file=None,
        prompt_language=None,
        prompt_from=None,
        prompt_purpose=None,
        prompt_qr="auto",
        prompt_webhook_url=None,
        prompt_webhook_format="json",
        prompt_command=None,
        signin_hours=None,
        on_publish_command=None,
        on_publish_signal=None,
        serve_address=("127.0.0.1", 8484),
        serve_secret_file=None,
        serve_hosts=frozenset(),
        serve_imds="off",
        on_demand=(),
        publish_secret=(),
        state_secret=None,
        pod=None,
        service_account_dir=Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        log_format="console",
        log_level="info",
    )


def test_every_setting_is_read_from_its_own_name() -> None:
    """Azure's own names verbatim, the others with the prefix."""
    given = {
        "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/",
        "SIDECAR_TOKENS": f"graph={SCOPE}",
        "SIDECAR_TOKEN_DIR": "/t",
        "SIDECAR_STATE_DIR": "/s",
        "SIDECAR_TOKEN_MODE": "0600",
        "SIDECAR_TOKEN_GROUP": "1000",
        "SIDECAR_CACHE_KEY_FILE": "/k",
        "SIDECAR_ALLOWED_USERS": "Alice",
        "SIDECAR_ALLOWED_TENANTS": TENANT.upper(),
        "SIDECAR_SIGNIN_TIMEOUT": "15m",
        "SIDECAR_ON_SIGNIN_REQUIRED": "exit",
        "SIDECAR_REFRESH_AT": "0.5",
        "SIDECAR_MIN_VALIDITY": "5m",
        "SIDECAR_CA_FILE": "/ca",
        "SIDECAR_PROMPT_LANGUAGE": "de-DE",
        "SIDECAR_PROMPT_FROM": "reports/nightly-x2x9z",
        "SIDECAR_PROMPT_PURPOSE": "nightly report",
        "SIDECAR_PROMPT_QR": "off",
        "SIDECAR_PROMPT_WEBHOOK_URL": "http://receiver:8080/hook?key=1",
        "SIDECAR_PROMPT_WEBHOOK_FORMAT": "slack",
        "SIDECAR_PROMPT_COMMAND": "tee /tmp/prompt",
        "SIDECAR_SIGNIN_HOURS": "mon-fri 08:00-18:00",
        "SIDECAR_ON_PUBLISH_COMMAND": "touch /tmp/published",
        "SIDECAR_ON_PUBLISH_SIGNAL": "sighup:nginx",
        "SIDECAR_FORMATS": "header env",
        "SIDECAR_TEMPLATE_DIR": "/templates",
        "SIDECAR_SERVE_ADDRESS": "[::1]:8080",
        "SIDECAR_SERVE_SECRET_FILE": "/secret",
        "SIDECAR_SERVE_HOSTS": "Entra-Serve",
        "SIDECAR_SERVE_IMDS": "on",
        "SIDECAR_ON_DEMAND": "https://vault.azure.net",
        "SIDECAR_PUBLISH_SECRET": "apps/entra-token, other/entra.token",
        "SIDECAR_STATE_SECRET": "entra/entra-state",
        "SIDECAR_POD": "entra/entra-0/12-34",
        "SIDECAR_SERVICE_ACCOUNT_DIR": "/account",
        "SIDECAR_LOG_FORMAT": "json",
        "SIDECAR_LOG_LEVEL": "error",
    }
    elsewhere = {"SIDECAR_OIDC_AUTHORITY", "SIDECAR_SETTINGS_FILE"}
    assert given.keys() | ENTRA.keys() | elsewhere == {setting.name for setting in SETTINGS}
    assert read_settings({**ENTRA, **given}, {}) == Settings(
        settings_file=None,
        client_id=CLIENT,
        tenant_id=TENANT,
        authority_host="https://login.microsoftonline.us",
        scopes=(SCOPE,),
        tokens={"graph": (SCOPE,)},
        token_dir=Path("/t"),
        state_dir=Path("/s"),
        formats=("header", "env"),
        template_dir=Path("/templates"),
        token_mode=0o600,
        token_group=1000,
        cache_key_file=Path("/k"),
        allowed_users=frozenset({"alice"}),
        allowed_tenants=frozenset({TENANT}),
        signin_timeout=900,
        on_signin_required="exit",
        refresh_at=0.5,
        min_validity=300,
        oidc_authority=None,
        ca_file=Path("/ca"),
        prompt_language="de-DE",
        prompt_from="reports/nightly-x2x9z",
        prompt_purpose="nightly report",
        prompt_qr="off",
        prompt_webhook_url="http://receiver:8080/hook?key=1",
        prompt_webhook_format="slack",
        prompt_command="tee /tmp/prompt",
        signin_hours=SigninHours(frozenset(range(5)), 480, 1080, UTC),
        on_publish_command="touch /tmp/published",
        on_publish_signal=SignalTarget("HUP", "nginx"),
        serve_address=("::1", 8080),
        serve_secret_file=Path("/secret"),
        serve_hosts=frozenset({"entra-serve"}),
        serve_imds="on",
        on_demand=("https://vault.azure.net",),
        publish_secret=(ObjectName("apps", "entra-token"), ObjectName("other", "entra.token")),
        state_secret=ObjectName("entra", "entra-state"),
        pod=Pod("entra", "entra-0", "12-34"),
        service_account_dir=Path("/account"),
        log_format="json",
        log_level="error",
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SIDECAR_SCOPES", '"User.Read"', "SIDECAR_SCOPES: stands in quotes"),
        ("SIDECAR_TOKENS", f"'arm={SCOPE}'", "SIDECAR_TOKENS: stands in quotes"),
        (
            "SIDECAR_SCOPES",
            "https://management.azure.com/",
            "did you mean https://management.azure.com/.default?",
        ),
        (
            "SIDECAR_TOKENS",
            f"a={SCOPE},b=https://vault.azure.net",
            "did you mean https://vault.azure.net/.default?",
        ),
    ],
)
def test_slip_is_told_before_the_authority_would(name: str, value: str, told: str) -> None:
    """Entra's own words for these lead astray: the resource principal named "https:"."""
    (mistake,) = mistakes({**ENTRA, name: value})
    assert told in mistake


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[0:0::1]:80", ("::1", 80)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
    ],
)
def test_address_to_listen_on_may_be_any_of_this_machine(value: str, read: tuple[str, int]) -> None:
    """A link-local one names its interface (RFC 4007 section 11)."""
    assert read_settings({**ENTRA, "SIDECAR_SERVE_ADDRESS": value}, {}).serve_address == read


@pytest.mark.parametrize(
    "value",
    [
        *("0127.0.0.1:80", "127.1:80", "localhost:80", "::1:80", "[127.0.0.1]:80", "127.0.0.1%lo:80"),
        *("[fe80::1%]:80", "[fe80::1%a%b]:80", "1.2.3.4\0:80", "127.0.0.1:65536", "127.0.0.1"),
    ],
)
def test_address_that_could_be_read_in_two_ways_is_refused(value: str) -> None:
    """Octal to some and decimal to others, a name, or no address at all."""
    (mistake,) = mistakes({**ENTRA, "SIDECAR_SERVE_ADDRESS": value})
    assert "give an IP address and a port" in mistake


def test_named_tokens_alone_are_enough() -> None:
    """A pod may want no token at the root."""
    only_named = {**ENTRA, "SIDECAR_SCOPES": "", "SIDECAR_TOKENS": f"graph={SCOPE}"}
    assert read_settings(only_named, {}).scopes == ()


def test_other_provider_needs_no_tenant_and_no_guid() -> None:
    """Only Entra's client ids are GUIDs."""
    found = read_settings(OIDC, {})
    assert (found.client_id, found.tenant_id) == ("any-client", None)


def test_empty_value_is_an_unset_one() -> None:
    """Manifests set variables to nothing in order to unset them."""
    assert read_settings({**ENTRA, "SIDECAR_LOG_LEVEL": "", "SIDECAR_TOKEN_GROUP": " "}, {}) == read_settings(
        ENTRA, {}
    )


def test_flags_win_over_the_environment() -> None:
    """Each on its own; what has no flag keeps its variable."""
    environ = {**ENTRA, "SIDECAR_LOG_LEVEL": "debug", "SIDECAR_MIN_VALIDITY": "nonsense"}
    found = read_settings(environ, {"SIDECAR_MIN_VALIDITY": "2m"})
    assert (found.min_validity, found.log_level) == (120, "debug")


def test_nothing_set_is_three_mistakes() -> None:
    """One for each setting without a default, with where to find it."""
    told = mistakes({})
    assert [mistake.split(":")[0] for mistake in told] == [
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "SIDECAR_SCOPES",
    ]
    assert all("missing; " in mistake for mistake in told)


def test_all_mistakes_are_told_at_once() -> None:
    """Wrong values, unknown names, missing settings and a client id that is none, in one go."""
    told = mistakes(
        {
            "AZURE_CLIENT_ID": "my-app",
            "AZURE_TENANT_ID": "a/b",
            "SIDECAR_LOG_LEVEL": "loud",
            "SIDECAR_SCOPE": SCOPE,
        }
    )
    assert sorted(mistake.split(":")[0] for mistake in told) == [
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "SIDECAR_LOG_LEVEL",
        "SIDECAR_SCOPE",
        "SIDECAR_SCOPES",
    ]


def test_client_id_that_is_wrong_in_two_ways_is_told_once() -> None:
    """A name with a space in it is one mistake, not two."""
    assert len(mistakes({**ENTRA, "AZURE_CLIENT_ID": "my app"})) == 1


def test_tenants_of_another_provider_are_refused() -> None:
    """The list would let nobody in; also when the provider's address is wrong as well."""
    for authority in (OIDC["SIDECAR_OIDC_AUTHORITY"], "http://id.example"):
        told = mistakes({**OIDC, "SIDECAR_OIDC_AUTHORITY": authority, "SIDECAR_ALLOWED_TENANTS": TENANT})
        assert [m for m in told if m.startswith("SIDECAR_ALLOWED_TENANTS: only Entra has tenants")]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SIDECAR_SCOPE", "did you mean SIDECAR_SCOPES?"),
        ("SIDECAR_TOKENDIR", "did you mean SIDECAR_TOKEN_DIR?"),
        ("SIDECAR_LOGLEVEL", "did you mean SIDECAR_LOG_LEVEL?"),
        ("SIDECAR_TENANT_ID", "did you mean AZURE_TENANT_ID?"),
        ("SIDECAR_DEBUG", "there is no such setting"),
    ],
)
def test_unknown_setting_is_an_error_with_a_suggestion(name: str, hint: str) -> None:
    """A typing mistake never falls back to a default in silence."""
    assert mistakes({**ENTRA, name: ""}) == [f"{name}: unknown; {hint}"]


@pytest.mark.parametrize(
    "name",
    [
        "SIDECAR_SERVICE_HOST",
        "SIDECAR_SERVICE_PORT",
        "SIDECAR_SERVICE_PORT_HTTP",
        "SIDECAR_PORT",
        "SIDECAR_PORT_8080_TCP",
        "SIDECAR_PORT_8080_TCP_ADDR",
        "SIDECAR_METRICS_SERVICE_HOST",
        "SIDECAR_METRICS_PORT_53_UDP_PROTO",
        "AZURE_FEDERATED_TOKEN_FILE",
        "PATH",
    ],
)
def test_variables_of_the_platform_are_let_alone(name: str) -> None:
    """Kubernetes makes such variables for every service; a service named `sidecar` breaks no pod."""
    assert read_settings({**ENTRA, name: "tcp://10.0.0.1:80"}, {}) == read_settings(ENTRA, {})


def test_names_of_variables_flags_and_fields_agree() -> None:
    """Every declaration has its field in `Settings`, and a flag of the same name."""
    assert [setting.attribute for setting in SETTINGS] == list(Settings.__dataclass_fields__)
    for setting in SETTINGS:
        assert setting.flag == "--" + setting.name.split("_", 1)[1].lower().replace("_", "-")
