"""Signed tokens: made as Entra's are (access token, ID token, client_info) and verified again."""

from __future__ import annotations

import base64
import functools
import json
import math
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulator.directory import App, Scopes, User


class InvalidToken(Exception):
    """A bearer token that is not accepted, and why."""


@functools.cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key of a stand-in that remembers none."""
    # One per process: making it takes longer than starting the emulator. `iss` keeps two apart.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Mint:
    """Makes and checks tokens of the authority at `authority_host`."""

    def __init__(self, authority_host: str, key: rsa.RSAPrivateKey | None = None) -> None:
        self._authority_host = authority_host
        self._key = key or signing_key()
        self._key_id = "emulator-1"

    def issuer(self, tenant_id: str) -> str:
        """The `iss` of tokens, and of the discovery document."""
        return f"{self._authority_host}/{tenant_id}/v2.0"

    def jwks(self) -> dict[str, Any]:
        """The public key as a JWK set (RFC 7517)."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "use": "sig", "kid": self._key_id, "alg": "RS256", "key_ops": ["verify"]}]}

    def access_token(self, user: User, app: App, scopes: Scopes, *, now: float, life: int) -> str:
        """Valid for `life` seconds: never less, since `exp` is rounded up to a whole second."""
        return self._sign(
            {
                "aud": scopes.resource,
                "exp": math.ceil(now) + life,
                "appid": app.client_id,
                "azp": app.client_id,
                "app_displayname": app.display_name,
                "idtyp": "user",
                "scp": scopes.permissions,
                "unique_name": user.username,
                "upn": user.username,
                "uti": uuid.uuid4().hex,
                **self._common(user, now),
            }
        )

    def id_token(self, user: User, app: App, *, now: float) -> str:
        """Valid for an hour, as Entra's are."""
        claims = {"aud": app.client_id, "exp": int(now) + 3600, "preferred_username": user.username}
        return self._sign({**claims, "rh": uuid.uuid4().hex, **self._common(user, now)})

    def verify(self, token: str, *, audience: str, now: float) -> dict[str, Any]:
        """The claims, if the token is good at `now` (epoch seconds) for `audience`.

        :raises InvalidToken: signature, audience, issuer or time is wrong
        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=audience,
                # The times are checked below, by the emulator's clock.
                options={
                    "require": ["exp", "nbf", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise InvalidToken("Access token validation failure. Invalid audience.") from None
        except jwt.InvalidTokenError:
            raise InvalidToken("IDX14100: JWT is not well formed or its signature is wrong.") from None
        if claims["iss"] != self.issuer(str(claims.get("tid"))):
            raise InvalidToken("Access token validation failure. Invalid issuer.")
        if now >= claims["exp"]:
            raise InvalidToken("Lifetime validation failed, the token is expired.")
        if now < claims["nbf"]:
            raise InvalidToken("Lifetime validation failed, the token is not yet valid.")
        return claims

    def _common(self, user: User, now: float) -> dict[str, Any]:
        # Entra dates tokens back by five minutes for the sake of clocks that are slow.
        dated = int(now) - 300
        return {
            "iss": self.issuer(user.tenant_id),
            "iat": dated,
            "nbf": dated,
            "name": user.display_name,
            "oid": user.object_id,
            "sub": uuid.uuid5(uuid.NAMESPACE_URL, user.object_id).hex,
            "tid": user.tenant_id,
            "ver": "2.0",
        }

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})


def client_info(user: User) -> str:
    """MSAL's account identity: base64url of {"uid", "utid"}, without padding."""
    content = json.dumps({"uid": user.object_id, "utid": user.tenant_id}).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
