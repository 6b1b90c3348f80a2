"""Lists on the wire: one page, and the cursor that continues it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from orjson import Fragment

from reconciler.domain.records import Page
from reconciler.wire.model import Wire

T = TypeVar("T")
Shown = dict[str, Any] | Fragment | Wire


def page_object(page: Page[T], show: Callable[[T], Shown]) -> dict[str, Any]:
    """Return one page of a list; `next` is the cursor that continues it."""
    return {"items": [show(item) for item in page.items], "next": page.next}


def whole_object(items: Iterable[T], show: Callable[[T], Shown]) -> dict[str, Any]:
    """Return a list that is never longer than one page."""
    return {"items": [show(item) for item in items], "next": None}
