"""The managed-identity endpoints of Azure: unmodified apps ask here and get the signed-in person's token.

Two shapes of one question. App Service: `IDENTITY_ENDPOINT` with the secret `IDENTITY_HEADER`, api-version
2019-08-01 (learn.microsoft.com, "How to use managed identities for App Service", REST endpoint reference).
IMDS, the metadata service of a virtual machine: api-version 2018-02-01 and the header `Metadata: true` ("How
to use managed identities for Azure resources on an Azure VM to acquire an access token"). How clients take an
answer was read in azure-identity, MSAL and @azure/msal-node: docs/decisions/0017.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping

from sidecar.core.audience import Document, expires_on
from sidecar.core.web import Door, Reply, Request, document
from sidecar.serve.desk import Desk, Refused, token_for
from sidecar.status import Found

RESOURCE_MAX = 200

_STRANGERS = ("mi_res_id", "msi_res_id", "principal_id")
"""Names of identities that a signed-in person does not have."""


class Shape(enum.Enum):
    """Who is imitated, by the api-versions whose answer we know."""

    APP_SERVICE = "2019-08-01"
    METADATA = "2018-02-01"


def refusal(status: int, message: str, *, retry_seconds: int | None = None) -> Reply:
    """An error as clients read it: App Service's words and those of OAuth, of which each client knows one."""
    error = "invalid_request" if status < 500 else "temporarily_unavailable"
    content = {"statusCode": status, "message": message, "error": error, "error_description": message}
    reply = document(status, content)
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    return Reply(status, reply.body, reply.content_type, headers)


def as_refusal(reply: Reply) -> Reply:
    """What the gate says, in JSON: clients of these doors read nothing else."""
    if reply.content_type == "application/json":
        return reply
    worded = refusal(reply.status, reply.body.decode(errors="replace").strip())
    return Reply(reply.status, worded.body, worded.content_type, reply.headers)


def door(desk: Desk, shape: Shape) -> Door:
    """Answers with the token for the resource that is asked for."""

    def answer(request: Request) -> Reply:
        try:
            resource = _resource(request.query, shape)
            found = desk.look()
            _known(request.query, found)
            name, token = token_for(desk, resource, found)
        except Refused as refused:
            return refusal(refused.status, refused.message, retry_seconds=refused.retry_seconds)
        return _granted(name, token, resource, shape, found)

    return answer


def _resource(query: Mapping[str, str], shape: Shape) -> str:
    version, resource = query.get("api-version", ""), query.get("resource", "")
    if version != shape.value and not (shape is Shape.METADATA and "2018-02-01" <= version < "2100"):
        raise Refused(f"this api-version is not known here; ask with api-version={shape.value}")
    if not resource:
        raise Refused("the parameter resource is missing, such as resource=https://vault.azure.net")
    if (
        len(resource) > RESOURCE_MAX
        or not resource.isascii()
        or not resource.isprintable()
        or " " in resource
    ):
        raise Refused(f"the parameter resource is no resource: one word of up to {RESOURCE_MAX} characters")
    return resource


def _known(query: Mapping[str, str], found: Found) -> None:
    """An app may name the identity that it expects; another one's token would be the wrong person's."""
    ours = {
        name: {str(each.get(name)).lower() for each in found.published.values() if each.get(name)}
        for name in ("client_id", "object_id")
    }
    for name in ("client_id", "object_id", "clientid"):
        asked = query.get(name, "").lower()
        mine = ours["client_id" if name == "clientid" else name]
        if asked and mine and asked not in mine:
            raise Refused(
                f"this endpoint speaks for {name} {', '.join(sorted(mine))} and no other; in the app's "
                "environment, unset AZURE_CLIENT_ID or set it to that"
            )
    if named := [name for name in _STRANGERS if query.get(name)]:
        raise Refused(f"this endpoint speaks for a person, who has no {named[0]}; ask without it")


def _granted(name: str, token: Document, resource: str, shape: Shape, found: Found) -> Reply:
    """`resource` as it was asked for: clients look their cache up by it. Numbers are text, as Azure's are."""
    ends = expires_on(token)
    content: dict[str, object] = {
        "access_token": token["access_token"],
        "expires_on": str(ends),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": token.get("client_id"),
    }
    if shape is Shape.METADATA:
        record = found.journal.tokens.get(name)
        since = record.succeeded_on if record and record.succeeded_on else int(found.now)
        left = str(int(ends - found.now))
        content |= {"expires_in": left, "ext_expires_in": left, "not_before": str(min(since, int(found.now)))}
    return Reply(200, json.dumps(content).encode(), "application/json")
