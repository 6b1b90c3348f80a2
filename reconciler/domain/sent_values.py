"""What others send us, without the values whose names tell that they are secret. Pure.

A template or a report is kept and shown as it came. A password in it would be read by every
viewer, and stand in the database. Its digest still tells one password from another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.secret_names import is_telling, names_a_secret

_REFERENCE: Final = re.compile(r"\s*\$\{[^}]*\}\s*")
_WORDS: Final = frozenset({"", "yes", "no", "true", "false", "none", "null"})


def without_named_secrets(value: Any, *, key: bytes) -> Any:
    """Return `value` with a keyed digest for each text or number under a telling name.

    References such as `${var.password}`, and words such as `yes`, give nothing away and stay.
    """
    return _walked(value, key, named=False)


def _walked(value: Any, key: bytes, *, named: bool) -> Any:
    match value:
        case dict() if not is_digest(value):
            return {
                name: _walked(inner, key, named=_tells(name, value, inner, outer=named))
                for name, inner in value.items()
            }
        case list():
            return [_walked(inner, key, named=named) for inner in value]
        case str() if named and value.lower() not in _WORDS and not _REFERENCE.fullmatch(value):
            return {"digest": value_digest(value, key=key)}
        case int() | float() if named and not isinstance(value, bool):
            return {"digest": value_digest(value, key=key)}
        case _:
            return value


def _tells(name: object, around: Mapping[str, Any], inner: Any, *, outer: bool) -> bool:
    """Whether what stands under `name` is secret: by its name, or by a text beside it."""
    if not isinstance(name, str):
        return outer
    if name == "value" and names_a_secret(around):
        return True
    # Of `{"secret": {"value": "x"}}` the texts count, and of a type such as `aws_secret` no block.
    return is_telling(name) or (outer and not isinstance(inner, dict))


def is_digest(value: Any) -> bool:
    """Whether `value` stands for a secret already."""
    return isinstance(value, dict) and value.keys() == {"digest"}
