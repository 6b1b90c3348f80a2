"""The stable identity of a drift: addresses, paths and keyed digests of values.

No value can be read back from a fingerprint, nor guessed without the key. The same
drift seen twice has one fingerprint, whatever order it was read in.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from reconciler.domain.model import Change, Fingerprint, Kind, Origin, ResourceAddress
from reconciler.domain.values import Sensitive, Unknown, Value

_SEPARATOR: Final = b"\x1f"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes one resource's drift this drift and no other."""

    address: ResourceAddress
    kind: Kind
    changes: tuple[Change, ...] = ()
    origin: Origin | None = None


def fingerprint(identity: Identity, *, key: bytes) -> Fingerprint:
    """Return the drift's identity; the order of its changes means nothing.

    Of a change that is not applied yet the declared value counts too: there it is
    the declaration that makes the difference, and a second edit is a second drift. So it is
    where the object itself did not move, and what it refers to did.
    """
    digest = hashlib.sha256()
    for line in sorted(_lines(identity, key)):
        digest.update(len(line).to_bytes(8, "big"))
        digest.update(line)
    return Fingerprint(digest.hexdigest())


def value_digest(value: Value, *, key: bytes) -> str:
    """Return a keyed digest: equal for equal values, and telling nothing without the key."""
    return hmac.new(key, canonical_bytes(value), hashlib.sha256).hexdigest()


def canonical_bytes(value: Value) -> bytes:
    """Write `value` so that equal values, and only those, give equal bytes.

    Numbers are compared as numbers (`1`, `1.0` and `Decimal("1.00")` are one);
    `True` is no number. Keys are sorted; lists keep their order.
    """
    match value:
        case None:
            return b"z"
        case bool():
            return b"t" if value else b"f"
        case int() | float() | Decimal():
            return _framed(b"n", _number(value))
        case str():
            return _framed(b"s", value.encode("utf-8", "surrogatepass"))
        case Sensitive(digest=digest):
            return _framed(b"x", digest.encode())
        case Unknown():
            return b"u"
        case list():
            return _framed(b"l", b"".join(canonical_bytes(item) for item in value))
        case dict():
            pairs = (canonical_bytes(name) + canonical_bytes(value[name]) for name in sorted(value))
            return _framed(b"d", b"".join(pairs))


def _lines(identity: Identity, key: bytes) -> Iterable[bytes]:
    head = (identity.address, identity.kind.value)
    if not identity.changes:
        # An object that is gone and whose code is then edited is another drift: what was
        # decided about the first would create the second.
        both = (Origin.BOTH.value,) if identity.origin is Origin.BOTH else ()
        yield _joined((*head, *both))
    for change in identity.changes:
        tail = [value_digest(change.recorded, key=key), value_digest(change.live, key=key)]
        if change.origin is not Origin.OUT_OF_BAND or tail[0] == tail[1]:
            tail.append(value_digest(change.declared, key=key))
        yield _joined((*head, change.path, *tail))


def _joined(parts: Iterable[str]) -> bytes:
    return _SEPARATOR.join(part.encode("utf-8", "surrogatepass") for part in parts)


def _framed(tag: bytes, body: bytes) -> bytes:
    return tag + str(len(body)).encode() + b":" + body


def _number(value: float | Decimal) -> bytes:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return str(exact).encode()
    sign, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        return str(exact).encode()
    # Not `normalize()`: it rounds to the context's precision, and 2**100 would collide.
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return b"0"
    bare = text.rstrip("0")
    return f"{'-' if sign else ''}{bare}e{exponent + len(text) - len(bare)}".encode()
