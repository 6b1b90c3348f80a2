"""From JSON to wire models; what does not fit is named by its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any, Final, TypeVar, cast, get_args, get_origin

from reconciler.domain.errors import PermanentError
from reconciler.wire.model import (
    Convert,
    bare,
    defaults_of,
    gatherer,
    hints_of,
    present,
    remembered,
)

T = TypeVar("T")
_NOT_FIT: Final = (KeyError, TypeError, ValueError, AttributeError)
_SCALARS: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}
_put: Final = object.__setattr__


class NotOfModelError(PermanentError):
    """An answer that does not have the shape of its model."""


def decode(model: type[T], body: Any) -> T:
    """Return the `model` that `body` says; keys of a newer daemon are passed over.

    Raises:
        NotOfModelError: a key without a default is missing, or a value has another type.
    """
    try:
        return cast("T", _decoder(model)(body))
    except _NOT_FIT as error:
        place, problem = _fault(model, body) or (model.__name__, str(error))
        raise NotOfModelError(
            f"the daemon's answer is not understood: {place} {problem}",
            remedy="use the `trueup` of the daemon's version",
        ) from error


def decode_kept(model: type[T], body: Any) -> T:
    """Return the same, with `body` as its `received`."""
    made = decode(model, body)
    _put(made, "received", body)
    return made


@remembered
def _decoder(cls: type) -> Convert:
    hints = hints_of(cls)
    parts = [
        (name, _ready(hints[name]), _reader(hints[name]), default)
        for name, default in defaults_of(cls)
    ]
    make = object.__new__

    def read(body: Mapping[str, Any]) -> Any:
        made: Any = make(cls)
        for name, ready, convert, default in parts:
            if name in body:
                value = body[name]
                if convert is None or type(value) in ready:
                    _put(made, name, value)
                else:
                    _put(made, name, convert(value))
            elif default is None:
                raise KeyError(name)
            else:
                _put(made, name, default())
        return made

    gathered = getattr(cls, "gathered", None)
    if gathered is None:
        return read
    gather = gatherer(cls, gathered)
    return lambda body: read(gather(body))


def _ready(hint: Any) -> tuple[type, ...]:
    """Return the types of values that are as they should be, so that nothing is called for them."""
    kind = present(hint)
    return (*_SCALARS.get(kind, ()), *(() if kind is hint else (type(None),)))


def _reader(hint: Any) -> Convert | None:
    """Return what reads a value; None where it is as it should be already."""
    kind = present(hint)
    convert = _reader_of(kind)
    if convert is None or kind is hint:
        return convert
    return lambda value: None if value is None else convert(value)


def _reader_of(kind: Any) -> Convert | None:
    if get_origin(kind) is list:
        return _list_reader(_reader(bare(get_args(kind)[0])))
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


def _fault(hint: Any, value: Any, place: str = "") -> tuple[str, str] | None:
    """Return the first place in `value` that does not fit `hint`, and why; None where all fits."""
    kind = present(hint)
    if value is None and kind is not hint:
        return None
    if get_origin(kind) is list and isinstance(value, list):
        return _fault_of_items(get_args(kind)[0], value, place)
    if isinstance(kind, type) and is_dataclass(kind):
        place = place or kind.__name__
        if not isinstance(value, Mapping):
            return place, f"is a {type(value).__name__}, not an object"
        return _fault_inside(kind, value, place)
    try:
        convert = _reader_of(kind)
        if convert is not None:
            convert(value)
    except _NOT_FIT as error:
        return place or getattr(kind, "__name__", str(kind)), f"({error})"
    return None


def _fault_of_items(hint: Any, items: Sequence[Any], place: str) -> tuple[str, str] | None:
    faults = (_fault(bare(hint), item, f"{place}[{at}]") for at, item in enumerate(items))
    return next(filter(None, faults), None)


def _fault_inside(cls: type, body: Mapping[str, Any], place: str) -> tuple[str, str] | None:
    hints = hints_of(cls)
    for name, default in defaults_of(cls):
        if name not in body and default is None:
            return f"{place}.{name}", "is missing"
        fault = _fault(hints[name], body[name], f"{place}.{name}") if name in body else None
        if fault is not None:
            return fault
    return None
