"""What an operation takes: the parameters of its query and the keys of its body, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_type_hints

from pydantic import BaseModel

from reconciler.api.operation import Operation
from reconciler.wire.model import names_of

_TOP: Final = 2
"""Where a problem lies that is no deeper than the query or the body itself."""


def known_keys(operation: Operation | None, place: Sequence[str | int]) -> list[str]:
    """Return what may be given instead of the unknown key at `place`, sorted.

    Empty where that is deeper than the body's own keys: what is there may be of several shapes.
    """
    if operation is None or len(place) != _TOP:
        return []
    if place[0] == "query":
        return sorted(_of_query(operation))
    model = operation.route.body() if operation.route.body else None
    return [] if model is None else sorted(names_of(model))


def _of_query(operation: Operation) -> list[str]:
    hints = get_type_hints(operation.handler)
    models = [hint for hint in hints.values() if _is_query(hint)]
    return [name for model in models for name in model.model_fields]


def _is_query(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)
