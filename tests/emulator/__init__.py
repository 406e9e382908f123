"""A stand-in for Microsoft Entra ID, for the tests, the demo, and users' own offline tests.

HTTPS with a certificate authority of its own, the v2.0 endpoints that a device-code sign-in and its
renewals need, the page on which a person signs in, three resources that check their tokens, and
faults on demand. It knows two tenants (contoso.example, fabrikam.example), three users (alice, bob,
mallory@fabrikam.example) and one app. Nothing about it is secure.

In a test:

    with Emulator(token_life=5) as entra:
        entra.authority_host, entra.ca_file, entra.tenant_id, entra.client_id
        entra.wait_for("devicecode")              # bounded wait for a request
        entra.approve(user="alice")               # or decline(), expire_codes()
        entra.revoke("alice")                     # or conditional_access(...)
        entra.faults.next("token:refresh_token", faults.Status(503, retry_after=2))
        entra.clock.advance(3600)                 # the server's clock, not the client's
        entra.policy.token_life = 60              # see `Policy`
        entra.requests, entra.count("token"), entra.secrets

As a program, `python -m tests.emulator --help`. What it serves, besides Entra's own endpoints
/{tenant}/v2.0/.well-known/openid-configuration, /{tenant}/oauth2/v2.0/devicecode and /token (of v1.0 too,
for ADAL: /{tenant}/oauth2/devicecode and /token), and /{tenant}/discovery/v2.0/keys:

    /devicelogin                        the page: code, account, "Are you trying to sign in to …?"
    /v1.0/me /subscriptions /secrets    Graph, ARM and Key Vault, each with its own audience

    GET    /_control/health             {"status": "ok"}
    GET    /_control/info               authority_host, tenant_id, client_id, users, now, policy
    GET    /_control/requests?kind=     {"requests": [{"method", "path", "kind", "at", "status", …}]}
    DELETE /_control/requests           forget them
    GET    /_control/codes              {"user_codes": [...]}: the open prompts
    GET    /_control/secrets            {"secrets": [...]}: all that must not leak, for leak checks
    POST   /_control/approve            {"user_code": …, "user": "alice"}, both optional
    POST   /_control/decline            {"user_code": …}
    POST   /_control/expire             {}: every open prompt
    POST   /_control/revoke             {"user": "alice", "code": 50173}, both optional
    POST   /_control/conditional_access {"user", "code": 50076, "error", "suberror"}, all optional
    POST   /_control/faults             {"kind": "token", "fault": {"name": "status", "status": 503,
                                        "retry_after": 2}, "times": 1}; or "always": true, "seconds": 60
    DELETE /_control/faults?kind=       end them
    POST   /_control/clock              {"offset": -300} and/or {"advance": 3600}
    POST   /_control/policy             {"token_life": 60, …}: the fields of `Policy`

A fault's `name` is its class in small letters with underscores (`faults`), its other keys that class's
fields: status, refuse, reset, hang, drip, truncated, html, wrong_shape, lost_answer, answer. `kind` is
a request's kind (`journal.Request`), `token` for both grants, or `*`.
"""

from tests.emulator import faults
from tests.emulator.clock import Clock
from tests.emulator.emulator import Emulator
from tests.emulator.errors import EntraError
from tests.emulator.journal import Request
from tests.emulator.policy import Policy

__all__ = ["Clock", "Emulator", "EntraError", "Policy", "Request", "faults"]
