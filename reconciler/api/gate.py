"""What every request passes: who asks, may they, is the body sound, was it asked before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reconciler.api.body_parser import BodyParser
from reconciler.api.credentials import Credentials
from reconciler.api.operation import Operation
from reconciler.api.problem import refusal_of
from reconciler.api.refusal import Refusal
from reconciler.api.replay import Asked, Replays, read_key, request_digest
from reconciler.api.strict_json import check_text
from reconciler.domain.principals import Permission, Principal, roles_with
from reconciler.domain.tokens import principal_of

Handler = Callable[[Request], Awaitable[Response]]
_YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_CLIENT_LEFT: Final = 499


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before every operation of the API."""

    credentials: Credentials
    replays: Replays
    bodies: BodyParser
    operations: Mapping[tuple[str, str], Operation]

    def route_class(self) -> type[APIRoute]:
        """Return the kind of route that nobody passes except through this gate.

        A route that stands in no table of permissions cannot be made.
        """
        gate = self

        class GatedRoute(APIRoute):
            def get_route_handler(self) -> Any:
                handle = super().get_route_handler()
                (method,) = self.methods or {"GET"}
                operation = gate.operations[method, self.path_format]

                async def pass_gate(request: Request) -> Response:
                    return await gate.admit(request, operation, handle)

                return pass_gate

        return GatedRoute

    async def admit(self, request: Request, operation: Operation, handle: Handler) -> Response:
        """Return the operation's answer, or the reason there is none."""
        try:
            await self._identify(request, operation)
            body = await request.body()
            _check_address(request)
            parsed = request
            if operation.takes_body and not operation.raw:
                tree = await self._tree(request, body, yaml=operation.yaml) if body else None
                parsed = _Parsed.of(request, body, tree)
            return await self._answer(parsed, operation, handle, body)
        except ClientDisconnect:
            # Nobody takes it. As an error it would be logged with its traceback, and a thousand
            # clients that leave half a body behind would keep everybody else waiting for that.
            return Response(status_code=_CLIENT_LEFT)
        except Exception as error:
            refusal = refusal_of(error, operation)
            if refusal.status == 500:  # noqa: PLR2004 - whoever logs it is further out
                raise
            return refusal.response()

    async def _identify(self, request: Request, operation: Operation) -> None:
        """Note with the request who asks.

        Raises:
            Refusal: 401 nobody knows, 403 the permission is missing.
        """
        request.state.token = request.state.principal = None
        if operation.permission is None:
            return
        address = request.client.host if request.client else ""
        if operation.open_on_loopback and address in _LOOPBACK:
            return
        token = await self.credentials.caller(request)
        principal = principal_of(token)
        if not principal.may(operation.permission):
            raise _forbidden(principal, operation.permission)
        request.state.token, request.state.principal = token, principal

    async def _tree(self, request: Request, body: bytes, *, yaml: bool) -> Any:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == "application/json":
            return await self.bodies.json(body)
        if yaml and media_type in _YAML:
            return await self.bodies.yaml(body)
        raise Refusal(
            415,
            "unsupported-media-type",
            f"a body of type {media_type[:80] or 'nothing'!r} is not accepted here",
            remedy="send JSON with `Content-Type: application/json`",
        )

    async def _answer(
        self, request: Request, operation: Operation, handle: Handler, body: bytes
    ) -> Response:
        keyed = operation.method == "POST" and request.state.token is not None
        key = read_key(request) if keyed else None
        if key is None:
            return await handle(request)
        asked = Asked(
            token=request.state.token,
            key=key,
            request_sha256=request_digest(request, body),
            secret=operation.secret_answer,
        )

        async def work() -> Response:
            try:
                return await handle(request)
            except Exception as error:
                refusal = refusal_of(error, operation)
                if refusal.status >= 500:  # noqa: PLR2004
                    raise
                return refusal.response()

        return await self.replays.once(asked, work)


class _Parsed(Request):
    """A request whose body was read and judged already, so that nobody reads it otherwise."""

    @classmethod
    def of(cls, request: Request, body: bytes, tree: Any) -> _Parsed:
        """Return `request` with the tree its body says, whatever notation it came in."""
        scope = dict(request.scope)
        kept = [item for item in scope["headers"] if item[0] != b"content-type"]
        scope["headers"] = [*kept, (b"content-type", b"application/json")]
        made = cls(scope, request.receive)
        made._body = body
        made._json = tree
        return made


def _forbidden(principal: Principal, permission: Permission) -> Refusal:
    roles = ", ".join(roles_with(permission))
    return Refusal(
        403,
        "forbidden",
        f"this needs the permission {permission}; the role {principal.role} does not have it",
        remedy=f"ask an admin for a token with one of the roles {roles}",
        permission=permission,
    )


def _check_address(request: Request) -> None:
    for value in (*request.path_params.values(), *request.query_params.values()):
        check_text(str(value))
