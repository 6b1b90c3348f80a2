"""Every error as one refusal: a problem document (RFC 9457) of a stable type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from reconciler.api.known_keys import known_keys
from reconciler.api.operation import Operation
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
_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})


def refusal_of(error: Exception, operation: Operation | None = None) -> Refusal:
    """Return how an error of `operation` is told; one nobody foresaw tells nothing of itself."""
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return _invalid_fields(error, operation)
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


def _invalid_fields(error: RequestValidationError, operation: Operation | None) -> Refusal:
    """Name each wrong field and what is wrong with it, never the value that was sent."""
    errors = [
        {"field": _place(entry["loc"]), "message": _sentence(entry, operation)}
        for entry in error.errors()[:_MOST_FIELDS]
    ]
    names = ", ".join(dict.fromkeys(entry["field"] for entry in errors))
    return Refusal(422, "invalid-request", f"the request does not fit: {names}", errors=errors)


def _sentence(entry: Mapping[str, Any], operation: Operation | None) -> str:
    """Return what is wrong; of a key that is unknown not in Python's words, and what is known."""
    if entry["type"] not in _UNKNOWN:
        return str(entry["msg"])
    place = entry["loc"]
    what = "parameter" if place[0] == "query" else "key"
    known = known_keys(operation, place)
    listed = f"; known: {', '.join(known)}" if known else ""
    return f"unknown {what} {str(place[-1])[:100]}{listed}"


def _place(parts: Sequence[str | int]) -> str:
    """Return `query.limit` or `body.match.kind`; a text out of the request is cut short."""
    return ".".join(str(part)[:100] for part in parts)
