"""The base of every wire model, and the way between a model and JSON.

A model is a frozen dataclass. The daemon's request checks, its JSON schema, what it answers
and what a client decodes all come from the fields of that one class.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
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
    get_args,
    get_origin,
    get_type_hints,
)

from reconciler.domain.errors import PermanentError
from reconciler.wire.times import timestamp

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Convert = Callable[[Any], Any]


def remembered(function: F) -> F:
    """Return `function`, computing once what it returns of each class."""
    # The signature is kept: `cache` hides it, and takes a class for no hashable.
    return cast("F", cache(function))


class NotOfModelError(PermanentError):
    """An answer that does not have the shape of its model."""


class Wire:
    """What crosses the wire. A field that joins an answer later has a default."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"hide_input_in_errors": True}
    sparse: ClassVar[bool] = False
    """Whether a field that is None is left out of the JSON."""
    gathered: ClassVar[str | None] = None
    """The field that holds every key of the JSON that is no other field's."""

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
        gather = {"type": "no-info", "function": _gatherer(cls, cls.gathered)}
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


def encode(value: Any) -> Any:
    """Return a model, or a plain dataclass of such values, as the JSON-ready object it is."""
    return _encoder(type(value))(value)


def decode(model: type[T], body: Any) -> T:
    """Return the `model` that `body` says; keys of a newer daemon are passed over.

    Raises:
        NotOfModelError: a key without a default is missing, or a value has another type.
    """
    try:
        return cast("T", _decoder(model)(body))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotOfModelError(
            f"the answer is not a {model.__name__}: {type(error).__name__}: {error}",
            remedy="the daemon may be of another version; see `trueup version`",
        ) from error


@remembered
def hints_of(cls: type) -> Mapping[str, Any]:
    """Return the type of each field of a dataclass, without what annotates it."""
    return {name: _bare(hint) for name, hint in get_type_hints(cls).items()}


def _bare(hint: Any) -> Any:
    return _bare(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def is_union(hint: Any) -> bool:
    """Whether `hint` is `A | B`."""
    return get_origin(hint) in (Union, types.UnionType)


def present(hint: Any) -> Any:
    """Return what `hint` is when it is not None."""
    if not is_union(hint):
        return hint
    (one,) = (part for part in get_args(hint) if part is not type(None))
    return _bare(one)


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
    names = [field.name for field in fields(cast("Any", cls))]
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


def _gatherer(cls: type, gathered: str) -> Convert:
    own = {field.name for field in fields(cast("Any", cls))} - {gathered}

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
    return lambda one: tuple(getattr(one, name) for name in names)


def _is_plain(hint: Any) -> bool:
    kind = present(hint)
    if get_origin(kind) is list:
        return _is_plain(get_args(kind)[0])
    return not (is_dataclass(kind) or kind is datetime)


@remembered
def _decoder(cls: type) -> Convert:
    hints = hints_of(cls)
    parts = [
        (field.name, _reader(hints[field.name]), _is_required(field))
        for field in fields(cast("Any", cls))
    ]

    def read(body: Mapping[str, Any]) -> Any:
        return cls(
            **{
                name: body[name] if convert is None else convert(body[name])
                for name, convert, required in parts
                if required or name in body
            }
        )

    gathered = getattr(cls, "gathered", None)
    if gathered is None:
        return read
    gather = _gatherer(cls, gathered)
    return lambda body: read(gather(body))


def _is_required(one: Any) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _same(value: Any) -> Any:
    return value


_SCALARS: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}


def _reader(hint: Any) -> Convert | None:
    kind = present(hint)
    optional = kind is not hint
    convert = _reader_of(kind)
    if convert is None or not optional:
        return convert
    return lambda value: None if value is None else convert(value)


def _reader_of(kind: Any) -> Convert | None:
    if get_origin(kind) is list:
        return _list_reader(_reader(_bare(get_args(kind)[0])))
    if kind in _SCALARS:
        return _scalar_reader(_SCALARS[kind])
    if isinstance(kind, type) and is_dataclass(kind):
        return _decoder(kind)
    if kind is datetime:
        return datetime.fromisoformat
    # Words of a newer daemon and free JSON pass as they are.
    return None


def _list_reader(convert: Convert | None) -> Convert:
    def read(items: Any) -> list[Any]:
        if not isinstance(items, list):
            raise TypeError(f"a list is expected, not {type(items).__name__}")
        return list(items) if convert is None else [convert(item) for item in items]

    return read


def _scalar_reader(allowed: tuple[type, ...]) -> Convert:
    def read(value: Any) -> Any:
        if not isinstance(value, allowed):
            raise TypeError(f"{allowed[-1].__name__} is expected, not {type(value).__name__}")
        return value

    return read
