"""What a field may hold, said where the field is: limits, and checks of ours.

Whoever reads a file or a request hands these to pydantic, which asks them by its protocol.
Nothing here imports pydantic: a client that decodes answers, and a scan whose
options nobody wrote, do without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

Schema = dict[str, Any]


class Reading(Protocol):
    """What a check may ask of the reading that it is part of."""

    @property
    def context(self) -> Any:
        """What whoever reads has said, by name; None where that is nothing."""
        ...

    @property
    def data(self) -> dict[str, Any]:
        """The fields of the same section that were read before, as far as they were right."""
        ...


Check = Callable[[Any, Reading], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Limits of a field, in pydantic's words; `check` raises ValueError, `shown` joins the schema.

    `limits` are `min_length`, `max_length`, `pattern`, `ge` and `le`.
    """

    limits: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any], Any] | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[Any], Schema]
    ) -> Schema:
        """Return the core schema of `source` within the limits.

        Raises:
            TypeError: `source` may be None; pydantic would pass over the limits there.
        """
        schema = {**handler(source), **self.limits}
        if self.limits and schema["type"] == "nullable":
            raise TypeError(f"{source}: give the limits to the part that is not None")
        if self.check is None:
            return schema
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "schema": schema, "function": function}

    def __get_pydantic_json_schema__(
        self, core: Schema, handler: Callable[[Schema], Schema]
    ) -> Schema:
        """Return the JSON schema with what is `shown`."""
        return {**handler(core), **self.shown}


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What `check` returns of a value is the field's; it raises ValueError.

    It gets what the field's type made of the value, or with `first` what was written.
    """

    check: Check
    first: bool = False

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[Any], Schema]
    ) -> Schema:
        """Return the core schema of `source` with the check."""
        return {
            "type": "function-before" if self.first else "function-after",
            "function": {"type": "with-info", "function": self.check},
            "schema": handler(source),
        }


class Section:
    """A frozen dataclass of what one section of a file says; an unknown key is an error."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "hide_input_in_errors": True,
    }
    written_as: ClassVar[Mapping[str, str]] = {}
    """The keys of those fields that the file names otherwise."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Schema:
        """Return the core schema of the fields, under the keys that the file has."""
        schema: Schema = handler(source)
        for entry in _dataclass_in(schema)["schema"]["fields"]:
            if entry["name"] in cls.written_as:
                entry["validation_alias"] = cls.written_as[entry["name"]]
        function = {"type": "with-info", "function": cls.completed}
        return {"type": "function-before", "function": function, "schema": schema}

    @classmethod
    def completed(cls, written: Any, reading: Reading) -> Any:
        """Return the fields' values by key, of what is written and not yet checked."""
        del reading
        return written


def _dataclass_in(schema: Schema) -> Schema:
    while schema["type"] != "dataclass":
        schema = schema["schema"]
    return schema
