"""Every error as one refusal: a problem document (RFC 9457) of a stable type."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from reconciler.api.refusal import Refusal
from reconciler.domain.errors import (
    ConflictError,
    InDoubtError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
    StorageError,
)

_RETRY_AFTER_S: Final = "5"
_MOST_FIELDS: Final = 50


def refusal_of(error: Exception) -> Refusal:
    """Return how an error is told; one nobody foresaw tells nothing of itself."""
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return _invalid_fields(error)
        case HTTPException():
            return _of_http(error)
        case ReconcilerError():
            return _of_reconciler(error)
        case _:
            return Refusal(
                500,
                "internal-error",
                "something went wrong inside trueup",
                remedy="the daemon's log says more; please report it",
            )


def _of_reconciler(error: ReconcilerError) -> Refusal:
    status, code = _standing(error)
    headers = {"Retry-After": _RETRY_AFTER_S} if isinstance(error, RetryableError) else {}
    return Refusal(status, code, str(error), remedy=error.remedy, headers=headers)


def _standing(error: ReconcilerError) -> tuple[int, str]:
    match error:
        case NotFoundError():
            return 404, "not-found"
        case ConflictError(code=code):
            return 409, code
        case InvalidError():
            return 422, "invalid"
        case StorageError():
            return 503, "storage"
        case RetryableError():
            return 503, "try-again"
        case InDoubtError():
            return 409, "in-doubt"
        case PermanentError():
            return 422, "cannot-be-done"
        case _:
            return 422, "refused"


def _of_http(error: HTTPException) -> Refusal:
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return Refusal(error.status_code, code, str(error.detail), headers=error.headers)


def _invalid_fields(error: RequestValidationError) -> Refusal:
    """Name each wrong field and what is wrong with it, never the value that was sent."""
    errors = [
        {"field": _place(entry["loc"]), "message": str(entry["msg"])}
        for entry in error.errors()[:_MOST_FIELDS]
    ]
    names = ", ".join(dict.fromkeys(entry["field"] for entry in errors))
    return Refusal(422, "invalid-request", f"the request does not fit: {names}", errors=errors)


def _place(parts: Sequence[str | int]) -> str:
    """Return `query.limit` or `body.match.kind`; a text out of the request is cut short."""
    return ".".join(str(part)[:100] for part in parts)
