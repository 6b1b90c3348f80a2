"""`trueup.baseline.json`: what a stack is held against where no daemon keeps that.

It lies beside the stack's code and may be committed: sorted, and secrets are keyed digests. On
another machine, with another key, no digest can be compared; such a secret counts as unmoved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.kept_baseline import NO_BASELINES, ORDERED, Baselines, KeptBaseline
from reconciler.domain.values import UNKNOWN, Sensitive, Value
from reconciler.ports import StackReference
from reconciler.wire.lossless import from_lossless, lossless
from reconciler.wire.times import timestamp

NAME: Final = "trueup.baseline.json"
FORMAT: Final = "1.0"
_MOST_BYTES: Final = 256 * 2**20
_WRITE_ANEW: Final = "write it anew with `trueup baseline write`"


def kept_in_file(reference: StackReference, *, key: bytes) -> Baselines:
    """Return the baselines of a stack that its directory has a file of; none without a file.

    Raises:
        PermanentError: the file cannot be read, or is no baseline file.
    """
    file = file_of(reference)
    stored = _stored(file)
    entry = stored.get("stacks", {}).get(reference.name)
    if entry is None:
        return NO_BASELINES
    try:
        own = entry["key"] == _key_id(key)
        at = datetime.fromisoformat(entry["written_at"])
        return {
            address: _kept(address, part, at=at, own=own)
            for address, part in entry["resources"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(
            f"{file}: the baseline of stack {reference.name} cannot be read: {error}",
            remedy=_WRITE_ANEW,
        ) from error


def write_file(
    reference: StackReference, baselines: Iterable[KeptBaseline], *, key: bytes, at: datetime
) -> Path:
    """Write the baselines of a stack beside its code, other stacks of the file left as they are.

    Raises:
        PermanentError: the file that is there is no baseline file, or it cannot be written.
    """
    file = file_of(reference)
    stored = _stored(file)
    stacks = dict(stored.get("stacks", {}))
    stacks[reference.name] = {
        "key": _key_id(key),
        "written_at": timestamp(at.astimezone(UTC)),
        "resources": {
            baseline.key: {
                "identity": baseline.identity,
                "configured": baseline.configured,
                "values": lossless(baseline.values),
            }
            for baseline in baselines
        },
    }
    body = {"format_version": FORMAT, "stacks": stacks}
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise PermanentError(f"{file} cannot be written: {error.strerror}") from error
    return file


def file_of(reference: StackReference) -> Path:
    """Return where the baseline file of a stack is, or would be."""
    return reference.directory / NAME


def _stored(file: Path) -> dict[str, Any]:
    try:
        text = read_text(file, most=_MOST_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PermanentError(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        stored = json.loads(text)
    except ValueError as error:
        raise PermanentError(f"{file} is no JSON: {error}", remedy=_WRITE_ANEW) from error
    if not isinstance(stored, dict) or stored.get("format_version") != FORMAT:
        raise PermanentError(f"{file} is no baseline file of format {FORMAT}", remedy=_WRITE_ANEW)
    return stored


def _kept(address: str, entry: dict[str, Any], *, at: datetime, own: bool) -> KeptBaseline:
    values = from_lossless(entry["values"])
    kept = KeptBaseline(
        key=address,
        identity=entry["identity"],
        mark=ORDERED,
        values=values,
        kept_at=at,
        configured=entry["configured"],
    )
    return kept if own else replace(kept, identity="", configured="", values=_unmasked(values))


def _unmasked(value: Value) -> Value:
    match value:
        case Sensitive():
            return UNKNOWN
        case list():
            return [_unmasked(item) for item in value]
        case dict():
            return {name: _unmasked(item) for name, item in value.items()}
        case _:
            return value


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"trueup baseline key\0" + key).hexdigest()[:16]
