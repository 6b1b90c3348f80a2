"""`openapi.json`: what FastAPI knows of the handlers, completed from the table of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from reconciler.api.late_route import LateRoute
from reconciler.api.operation import Operation
from reconciler.api.refusal import MEDIA_TYPE
from reconciler.api.replay import LONGEST_KEY
from reconciler.section_reading import properties_of
from reconciler.stack_options import StackOptions
from reconciler.version import __version__
from reconciler.wire.problems import Problem

_ALWAYS: Final = (400, 413, 415, 422, 429, 431, 500, 503)
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_UNUSED: Final = ("HTTPValidationError", "ValidationError")
_WORDS: Final = {
    401: "There is no token, or it is not valid",
    403: "The token's role does not have the permission; `permission` names it",
    404: "There is no such thing",
    409: "The current state does not allow it; `type` says why",
    413: "The body is too large",
    415: "The body's media type or encoding is not supported",
    422: "The request is not valid; `errors` names the fields",
    503: "Nothing was changed; try again later",
}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request is answered again and not done again.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[\\x20-\\x7e]+$",
    },
}


def document(
    app: FastAPI,
    routes: Sequence[LateRoute],
    operations: Mapping[tuple[str, str], Operation],
    stack_options: Mapping[str, type[StackOptions]],
) -> dict[str, Any]:
    """Return the API's description, made once; a stack's body has the options of every tool."""
    if app.openapi_schema is None:
        described = _document(routes, operations)
        _add_stack_options(described["components"]["schemas"]["StackBody"], stack_options)
        app.openapi_schema = described
    return app.openapi_schema


def _add_stack_options(
    body: dict[str, Any], stack_options: Mapping[str, type[StackOptions]]
) -> None:
    owners: dict[str, list[str]] = {}
    for tool, model in stack_options.items():
        for key, schema in properties_of(model).items():
            body["properties"].setdefault(key, schema)
            owners.setdefault(key, []).append(tool)
    for key, tools in owners.items():
        body["properties"][key]["description"] = f"An option of {' and '.join(tools)} stacks"
    body["additionalProperties"] = False


def _document(
    routes: Sequence[LateRoute], operations: Mapping[tuple[str, str], Operation]
) -> dict[str, Any]:
    described = get_openapi(
        title="trueup",
        version=__version__,
        summary="Finds and corrects drift of Terraform, OpenTofu and Pulumi stacks",
        routes=[route.whole for route in routes],
    )
    components = described["components"]
    schemas = components["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    schemas["Problem"] = _problem_schema(schemas)
    components["responses"] = {str(status): _problem(status) for status in _WORDS} | {
        str(status): _problem(status) for status in _ALWAYS
    }
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for (method, path), operation in operations.items():
        _complete(described["paths"][path][method.lower()], operation)
    return described


def _complete(described: dict[str, Any], operation: Operation) -> None:
    """Add to one operation what stands in the table and not in its handler."""
    responses = described["responses"]
    statuses = {*_ALWAYS}
    if operation.permission is not None:
        anybody: list[dict[str, list[str]]] = [{}] if operation.open_on_loopback else []
        described["security"] = [*anybody, {"bearer": []}]
        described["x-required-permission"] = operation.permission.value
        statuses |= {401, 403}
    elif operation.raw:
        statuses.add(401)  # it is signed instead
    if "{" in operation.path or operation.method == "POST":
        statuses.add(404)
    if operation.may_conflict:
        statuses.add(409)
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    if operation.method == "POST":
        described.setdefault("parameters", []).append(_KEY)
    if operation.yaml:
        content = described["requestBody"]["content"]
        content["application/yaml"] = content["application/json"]
    if operation.answer is None:
        _say_media_type(responses[str(operation.status)], operation)


def _say_media_type(response: dict[str, Any], operation: Operation) -> None:
    response.pop("content", None)
    if operation.media_type != "application/json":
        response["content"] = {operation.media_type: {"schema": {"type": "string"}}}


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _WORDS.get(status, HTTPStatus(status).phrase),
        "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = {
            "WWW-Authenticate": {"required": True, "schema": {"type": "string"}}
        }
    return described


def _problem_schema(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema
