"""What handlers are given and how they answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Path, Request
from starlette.responses import Response

from reconciler.api.open_counts import OpenCounts
from reconciler.api.queries import ListQuery
from reconciler.domain.errors import InvalidError
from reconciler.domain.principals import Principal
from reconciler.domain.records import Page
from reconciler.engine.service import Service
from reconciler.wire.model import Wire
from reconciler.wire.scan import json_bytes

T = TypeVar("T")


def service_of(request: Request) -> Service:
    """Return the daemon's insides."""
    service: Service = request.app.state.service
    return service


async def _service(request: Request) -> Service:
    return service_of(request)


async def _actor(request: Request) -> str:
    principal: Principal = request.state.principal
    return principal.subject


async def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


async def _open_counts(request: Request) -> OpenCounts:
    counts: OpenCounts = request.app.state.open_counts
    return counts


Tallies = Annotated[OpenCounts, Depends(_open_counts)]
Daemon = Annotated[Service, Depends(_service)]
Actor = Annotated[str, Depends(_actor)]
Asker = Annotated[Principal, Depends(_principal)]
ID_PATTERN: Final = r"^[A-Za-z0-9_.:-]+$"
Id = Annotated[str, Path(max_length=200, pattern=ID_PATTERN)]
StackPath = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\s/][^/\n]*$")]


def answered(
    body: Mapping[str, Any] | Wire, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return `body` as JSON."""
    return Response(
        json_bytes(body), status_code=status, headers=headers, media_type="application/json"
    )


def nothing() -> Response:
    """Return that it was done and there is nothing to say."""
    return Response(status_code=204)


def page_of(items: Iterable[T], query: ListQuery, *, key: Callable[[T], str]) -> Page[T]:
    """Return one page of a short list that is at hand whole, by `key`.

    Raises:
        InvalidError: the daemon did not issue the cursor.
    """
    after = "" if query.cursor is None else _read_cursor(query.cursor)
    ordered = sorted((item for item in items if query.cursor is None or key(item) > after), key=key)
    kept = tuple(ordered[: query.limit])
    more = len(ordered) > len(kept)
    return Page(kept, _cursor(key(kept[-1])) if more else None)


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _read_cursor(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii")).decode()
    except (UnicodeError, binascii.Error) as error:
        raise InvalidError(
            "the cursor does not belong to this list", remedy="pass `next` unchanged"
        ) from error
