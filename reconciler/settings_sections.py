"""Sections of `trueup.toml` that say what a wire model says: their keys come from its fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, cast, get_type_hints

from reconciler.wire.model import Wire, hints_of, present


def fields_of(
    model: type[Wire],
    *,
    without: Collection[str] = (),
    instead: Mapping[type, Any] | None = None,
) -> dict[str, Any]:
    """Return `model`'s fields as `pydantic.create_model` takes them.

    A field whose type is a key of `instead` gets that type, since a file writes some values
    otherwise than JSON does.
    """
    annotated = get_type_hints(model, include_extras=True)
    bare = hints_of(model)
    return {
        field.name: (
            _type(annotated[field.name], bare[field.name], instead or {}),
            _default(field, instead or {}),
        )
        for field in fields(cast("Any", model))
        if field.name not in without
    }


def _type(annotated: Any, bare: Any, instead: Mapping[type, Any]) -> Any:
    kind = present(bare)
    if kind not in instead:
        return annotated
    return instead[kind] if kind is bare else instead[kind] | None


def _default(one: Field[Any], instead: Mapping[type, Any]) -> Any:
    # A section that is not written is an empty one of its own class.
    if type(one.default) in instead:
        return instead[type(one.default)]()
    return ... if one.default is MISSING else one.default
