"""How a baseline's values lie in a column: JSON, compressed, read when somebody looks."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from reconciler.domain.kept_baseline import KeptBaseline, Moves
from reconciler.domain.values import Value
from reconciler.wire.lossless import from_lossless, lossless

_LEVEL: Final = 9


def packed_values(value: Value) -> bytes:
    """Return `value` as bytes, equal ones for equal values."""
    return zlib.compress(orjson.dumps(lossless(value), option=orjson.OPT_SORT_KEYS), _LEVEL)


def unpacked_values(packed: bytes) -> Value:
    """Return what `packed_values` was given."""
    return from_lossless(orjson.loads(zlib.decompress(packed)))


def packed_baseline(kept: KeptBaseline) -> bytes:
    """Return the whole of `kept` as bytes."""
    body = {**_fields(kept), "values": lossless(kept.values)}
    return zlib.compress(orjson.dumps(body), _LEVEL)


def unpacked_baseline(packed: bytes) -> KeptBaseline:
    """Return what `packed_baseline` was given."""
    body: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    return KeptBaseline(
        **{
            **body,
            "values": from_lossless(body["values"]),
            "kept_at": datetime.fromisoformat(body["kept_at"]),
            "moves": moves_of(body["moves"]),
        }
    )


def moves_object(moves: Mapping[str, Moves]) -> dict[str, Any]:
    """Return `moves` as JSON."""
    return {path: [move.times, move.last] for path, move in moves.items()}


def moves_of(kept: Mapping[str, Any]) -> dict[str, Moves]:
    """Return what `moves_object` was given."""
    return {path: Moves(*counts) for path, counts in kept.items()}


def _fields(kept: KeptBaseline) -> dict[str, Any]:
    return {
        "key": kept.key,
        "identity": kept.identity,
        "mark": kept.mark,
        "kept_at": kept.kept_at.isoformat(),
        "configured": kept.configured,
        "accepted_by": kept.accepted_by,
        "reason": kept.reason,
        "moves": moves_object(kept.moves),
    }


class PackedBaselines(Mapping[str, KeptBaseline]):
    """Baselines by key, each unpacked when it is asked for with values: most never are."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        self._rows = rows

    def __getitem__(self, key: str) -> KeptBaseline:
        return baseline_of(self._rows[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def baseline_of(row: Any) -> KeptBaseline:
    """Return the baseline of a row."""
    return KeptBaseline(
        key=row.key,
        identity=row.identity,
        mark=row.mark,
        values=unpacked_values(row.content),
        kept_at=row.kept_at,
        configured=row.configured,
        accepted_by=row.accepted_by,
        reason=row.reason,
        moves=moves_of(row.moves),
    )
