"""Raw values to try laws on, as a checkpoint may hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iac_adapters.pulumi.values import SECRET, SIGNATURE

_EXACT = 2**53
_UNSPOKEN = st.text("xyz0123456789", min_size=6, max_size=12).map(lambda text: f"CANARY-{text}")
NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,6}", fullmatch=True)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-_EXACT, _EXACT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)


def secret(value: Any) -> dict[str, Any]:
    """Return `value` as a deciphered secret."""
    return {SIGNATURE: SECRET, "value": value}


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    )


VALUES = _nested(PLAIN)
"""Values without any tag."""

SECRETIVE = _nested(PLAIN | _UNSPOKEN.map(secret) | st.lists(_UNSPOKEN, max_size=2).map(secret))
"""Values with secrets here and there; each secret text begins with CANARY and is unique to them."""

PROPERTIES: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(NAMES, VALUES, max_size=4)
SECRETIVE_PROPERTIES: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(
    NAMES, SECRETIVE, max_size=4
)
