"""An answer other than the one that was asked for. Light: the parser's own process imports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:trueup:problem:"


class Refusal(Exception):  # noqa: N818 - it is an answer, and most are nobody's error
    """An answer other than the one that was asked for.

    `code` is the last word of the problem's type; it never changes its meaning. `permission` is
    the one that is missing.
    """

    def __init__(  # noqa: PLR0913 - what a problem document may say
        self,
        status: int,
        code: str,
        detail: str,
        *,
        remedy: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        permission: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.errors = errors
        self.headers = dict(headers or {})
        self.permission = permission

    def document(self) -> dict[str, Any]:
        """Return the problem document (RFC 9457)."""
        body: dict[str, Any] = {
            "type": _TYPE + self.code,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.remedy:
            body["remedy"] = self.remedy
        if self.permission:
            body["permission"] = self.permission
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return body

    def response(self) -> Response:
        """Return what goes over the wire."""
        from starlette.responses import Response  # noqa: PLC0415 - the parser needs no framework

        return Response(
            orjson.dumps(self.document()),
            status_code=self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )
