"""The values inside a tree, in a form in which a parent and its child write the same one. Pure.

A policy is the same document with other spaces, a port the same as text and as number, and
`tcp` the same as 6.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Final

from reconciler.domain.compare import IsSet, canonical, ordered
from reconciler.domain.exposure import parsed_document
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.origin import is_empty
from reconciler.domain.values import Sensitive, Unknown, Value

_NUMBER: Final = re.compile(r"-?\d{1,18}\Z")
_IDENTIFIER: Final = re.compile(
    r"[a-z]{1,16}-[0-9a-f]{8,}\Z|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"
)
_NAMING: Final = ("arn:", "urn:", "projects/", "/subscriptions/", "https://", "http://")
_PROTOCOLS: Final = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "all": "-1"}
"""By the numbers that IANA gave them."""


def is_zero(value: Value) -> bool:
    """Whether `value` says nothing: null, "", 0, false, and what holds nothing else."""
    match value:
        case None | "" | False:
            return True
        case int() | float() | Decimal():
            return value == 0
        case list():
            return all(map(is_zero, value))
        case dict():
            return all(map(is_zero, value.values()))
        case _:
            return False


def slim(value: Value) -> Value:
    """Return `value` without the keys that say nothing: null, and what is empty."""
    match value:
        case dict():
            kept = {name: slim(item) for name, item in value.items()}
            return {name: item for name, item in kept.items() if not is_empty(item)}
        case list():
            return [slim(item) for item in value]
        case _:
            return value


def leaves(value: Value) -> Iterator[Hashable]:
    """Yield each value below that says something, documents as a whole."""
    match value:
        case dict():
            for item in value.values():
                yield from leaves(item)
        case list():
            for item in value:
                yield from leaves(item)
        case _ if not is_zero(value):
            yield leaf(value)


def leaf(value: Value) -> Hashable:
    """Return what equals another value's exactly when both mean the same."""
    if not isinstance(value, str):
        return canonical(value)
    document = parsed_document(value)
    if document is not None:
        return ("document", canonical(document))
    text = _PROTOCOLS.get(value.lower(), value)
    return canonical(int(text)) if _NUMBER.match(text) else value


def names_something(value: Value) -> bool:
    """Whether `value` is an id, an ARN, an address or a document: no plain word or number."""
    if not isinstance(value, str):
        return False
    if value.startswith(_NAMING) or _IDENTIFIER.match(value):
        return True
    return parsed_document(value) is not None or _is_address(value)


def alike(left: Value, right: Value, *, key: bytes, is_set: IsSet = ordered) -> bool:
    """Whether both mean the same, be one of them masked and the other not yet."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True  # masked with another key: whether it moved cannot be told
    if is_zero(left) and is_zero(right):
        return True
    if isinstance(left, Sensitive) is not isinstance(right, Sensitive):
        return _digest(left, key) == _digest(right, key)
    if isinstance(left, str) and isinstance(right, str):
        return leaf(left) == leaf(right)
    return canonical(left, is_set) == canonical(right, is_set)


def _digest(value: Value, key: bytes) -> str:
    return value.digest if isinstance(value, Sensitive) else value_digest(value, key=key)


def _is_address(text: str) -> bool:
    if "." not in text and ":" not in text:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
