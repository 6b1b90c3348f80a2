"""The catalogue of events as `docs/events.md` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, cast, get_args, get_origin

from reconciler.domain.events import CATALOGUE, RESET, Reset
from reconciler.wire.model import hints_of, is_union, present


def catalogue_lines() -> Iterator[str]:
    """Yield both tables: the types, then the bodies."""
    yield "| type | when | subject | body |"
    yield "|---|---|---|---|"
    for row in CATALOGUE.values():
        yield f"| `{row.name}` | {row.meaning} | {row.subject} | `{row.body.__name__}` |"
    yield f"| `{RESET}` | more was missed than is kept | - | `{Reset.__name__}` |"
    yield ""
    yield "| body | fields |"
    yield "|---|---|"
    bodies = dict.fromkeys([*(row.body for row in CATALOGUE.values()), Reset])
    for body in bodies:
        yield f"| `{body.__name__}` | {', '.join(_fields(body))} |"


def _fields(body: type) -> Iterator[str]:
    hints = hints_of(body)
    for field in fields(cast("Any", body)):
        optional = field.default is not MISSING or field.default_factory is not MISSING
        yield f"`{field.name}` {_type(hints[field.name])}{' (may be missing)' if optional else ''}"


def _type(hint: Any) -> str:
    kind = present(hint)
    if get_origin(kind) is list:
        said = f"list of {_type(get_args(kind)[0])}"
    elif get_origin(kind) is dict:
        said = "object"
    elif is_dataclass(kind):
        said = f"object of {', '.join(f'`{field.name}`' for field in fields(kind))}"
    else:
        words = {"str": "text", "int": "number", "bool": "true or false", "datetime": "time"}
        said = words.get(kind.__name__, "value")
    return f"{said} or null" if is_union(hint) else said
