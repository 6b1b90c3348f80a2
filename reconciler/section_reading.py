"""Sections that somebody wrote: read as the dataclasses of their fields, by pydantic.

It alone imports pydantic for what files and command lines say: whoever has nothing to read
does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

T = TypeVar("T")


def validated(model: type[T], written: Any, *, context: Mapping[str, Any] | None = None) -> T:
    """Return `written` as a `model`.

    Raises:
        ValidationError: a key is unknown or lacking, or a value is not as it must be.
    """
    # `cache` takes a class for no hashable.
    reader = _reader(cast("Any", model))
    return cast("T", reader.validate_python(written, context=dict(context or {})))


def properties_of(model: type) -> dict[str, Any]:
    """Return the JSON schema of each key of `model`."""
    properties: dict[str, Any] = TypeAdapter(model).json_schema().get("properties", {})
    return properties


@cache
def _reader(model: type) -> SchemaValidator:
    # An adapter's own has no such setting for a dataclass: its errors would show what is written.
    return SchemaValidator(TypeAdapter(model).core_schema, {"hide_input_in_errors": True})
