"""The base of every wire model, and the way between a model and JSON.

A model is a frozen dataclass. The daemon's request checks, its JSON schema, what it answers
and what a client decodes all come from the fields of that one class.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from reconciler.wire.times import timestamp

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Convert = Callable[[Any], Any]
Default = Callable[[], Any] | None
"""What makes the default of a field; None for a field that must be given."""


def remembered(function: F) -> F:
    """Return `function`, computing once what it returns of each class."""
    # The signature is kept: `cache` hides it, and takes a class for no hashable.
    return cast("F", cache(function))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def model(cls: type[T]) -> type[T]:
    """Return `cls`, a subclass of `Wire`, as a frozen dataclass with slots and keyword fields.

    What `dataclass` would compile for each class, `Wire` has once: compiling it took a command
    that needs ten models longer than asking the daemon.
    """
    made = dataclass(init=False, repr=False, eq=False, kw_only=True, slots=True)
    return cast("type[T]", made(cls))


class Wire:
    """What crosses the wire. A field that joins an answer later has a default."""

    __slots__ = ("received",)
    received: Any
    """The JSON that a client decoded this from, where it was asked to keep it."""
    __pydantic_config__: ClassVar[dict[str, Any]] = {"hide_input_in_errors": True}
    sparse: ClassVar[bool] = False
    """Whether a field that is None is left out of the JSON."""
    gathered: ClassVar[str | None] = None
    """The field that holds every key of the JSON that is no other field's."""

    def __init__(self, **values: Any) -> None:
        """Take a value for each field; those with a default may be left out."""
        for name, default in defaults_of(type(self)):
            if name in values:
                _set(self, name, values.pop(name))
            elif default is None:
                raise TypeError(f"{type(self).__name__} needs {name}")
            else:
                _set(self, name, default())
        if values:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(values)}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a value stays as it was made."""
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        """Refuse: a value stays as it was made."""
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        """Whether `other` is of the same model and says the same."""
        if type(other) is not type(self):
            return NotImplemented
        values_of = all_of(names_of(type(self)))
        return bool(values_of(self) == values_of(other))

    def __hash__(self) -> int:
        """Return a number that equal values share."""
        return hash(all_of(names_of(type(self)))(self))

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Be what was copied or unpickled."""
        for name, value in state[1].items():
            _set(self, name, value)

    def __repr__(self) -> str:
        """Return the fields as they would be given."""
        given = ", ".join(f"{name}={getattr(self, name)!r}" for name in names_of(type(self)))
        return f"{type(self).__qualname__}({given})"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the strict schema of the fields, which takes the object itself as a mapping."""
        schema = handler(source)
        inner = schema
        while inner["type"] != "dataclass":
            inner = inner["schema"]
        inner["strict"] = False  # or only an instance would be taken, and no mapping
        if cls.gathered is None:
            return schema
        gather = {"type": "no-info", "function": gatherer(cls, cls.gathered)}
        return {"type": "function-before", "function": gather, "schema": schema}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: dict[str, Any], handler: Any) -> dict[str, Any]:
        """Return the JSON schema of the keys as they stand on the wire."""
        schema: dict[str, Any] = handler(core)
        if cls.gathered is not None:
            shown = handler.resolve_ref_schema(schema)
            shown["properties"].pop(cls.gathered, None)  # each reference to the model comes here
            shown["additionalProperties"] = True
        return schema

    def as_json(self) -> dict[str, Any]:
        """Return the JSON-ready object that this is on the wire."""
        body: dict[str, Any] = _encoder(type(self))(self)
        return body


class Body(Wire):
    """What may be sent: no key more, and no text where a number stands."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "hide_input_in_errors": True,
    }


_set: Final = object.__setattr__


@remembered
def names_of(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass, in their order."""
    return tuple(field.name for field in fields(cast("Any", cls)))


@remembered
def defaults_of(cls: type) -> tuple[tuple[str, Default], ...]:
    """Return what makes each field's default; None for a field that must be given."""
    return tuple((field.name, _default(field)) for field in fields(cast("Any", cls)))


def _default(field: Any) -> Default:
    if field.default_factory is not MISSING:
        return cast("Callable[[], Any]", field.default_factory)
    return None if field.default is MISSING else lambda: field.default


def encode(value: Any) -> Any:
    """Return a model, or a plain dataclass of such values, as the JSON-ready object it is."""
    return _encoder(type(value))(value)


@remembered
def hints_of(cls: type) -> Mapping[str, Any]:
    """Return the type of each field of a dataclass, without what annotates it."""
    return {name: bare(hint) for name, hint in get_type_hints(cls).items()}


def bare(hint: Any) -> Any:
    """Return `hint` without what annotates it."""
    return bare(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def is_union(hint: Any) -> bool:
    """Whether `hint` is `A | B`."""
    return get_origin(hint) in (Union, types.UnionType)


def present(hint: Any) -> Any:
    """Return what `hint` is when it is not None."""
    if not is_union(hint):
        return hint
    (kind,) = (part for part in get_args(hint) if part is not type(None))
    return bare(kind)


@remembered
def _encoder(cls: type) -> Convert:
    if is_dataclass(cls):
        return _model_encoder(cls)
    if issubclass(cls, datetime):
        return timestamp
    if issubclass(cls, (list, tuple)):
        return lambda items: [encode(item) for item in items]
    return _same


def _model_encoder(cls: type) -> Convert:
    hints = hints_of(cls)
    names = names_of(cls)
    # Only what may need a conversion is looked at; most of a page's fields are plain.
    others = [name for name in names if not _is_plain(hints[name])]
    values_of = all_of(names)

    def write(model: Any) -> dict[str, Any]:
        body = dict(zip(names, values_of(model), strict=True))
        for name in others:
            if body[name] is not None:
                body[name] = encode(body[name])
        return body

    gathered = getattr(cls, "gathered", None)
    if gathered is not None:
        return lambda model: _spread(write(model), gathered)
    if not getattr(cls, "sparse", False):
        return write
    return lambda model: {key: value for key, value in write(model).items() if value is not None}


def _spread(body: dict[str, Any], gathered: str) -> dict[str, Any]:
    return {**body.pop(gathered), **body}


def gatherer(cls: type, gathered: str) -> Convert:
    """Return what puts each key of a JSON object that is no field into the field `gathered`."""
    own = {*names_of(cls)} - {gathered}

    def gather(body: Any) -> Any:
        if not isinstance(body, Mapping):
            return body
        known = {key: value for key, value in body.items() if key in own}
        return {**known, gathered: {key: body[key] for key in body if key not in own}}

    return gather


def all_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gets the attributes `names` of an object, always as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _is_plain(hint: Any) -> bool:
    kind = present(hint)
    if get_origin(kind) is list:
        return _is_plain(get_args(kind)[0])
    return not (is_dataclass(kind) or kind is datetime)


def _same(value: Any) -> Any:
    return value
