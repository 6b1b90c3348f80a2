"""The shape of a list, for `openapi.json`."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")


class Listing(BaseModel, Generic[T]):
    """One page of a list; `next` continues it as `?cursor=`."""

    items: list[T]
    next: str | None
