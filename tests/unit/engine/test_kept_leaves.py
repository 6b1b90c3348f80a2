"""Leaves as the server keeps them hold exactly what the agent hashed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.protocol.canonical import canonical
from reconciler.domain.agents import AgentSection
from reconciler.engine.kept_leaves import (
    canonical_values,
    packed_leaves,
    unpacked_leaves,
    values_of,
)

# Texts that hold what lies between two objects, or begins like it, are what could be divided wrong.
TEXTS = st.sampled_from(["", "},{", "}", ',{"', '"},{"a":"', "a},{b"]) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
FLAT = st.dictionaries(st.sampled_from(["a", "b", "},{", "sha256"]), SCALARS, max_size=3)
NESTED = st.dictionaries(st.sampled_from("ab"), st.lists(FLAT, max_size=3) | FLAT, max_size=2)
VALUES = FLAT | NESTED | SCALARS | st.lists(SCALARS, max_size=3)
LEAVES = st.dictionaries(TEXTS.filter(bool), VALUES, max_size=6)


@given(st.lists(FLAT, max_size=6) | st.lists(VALUES, max_size=6))
def test_each_value_of_a_list_has_its_own_canonical_bytes(values: Sequence[Any]) -> None:
    assert list(canonical_values(values)) == [canonical(value) for value in values]


@given(LEAVES)
def test_what_was_kept_is_what_is_read(leaves: Mapping[str, Any]) -> None:
    kept = dict(zip(leaves, canonical_values(list(leaves.values())), strict=True))
    body = packed_leaves(kept)
    assert unpacked_leaves(body) == kept
    assert _text(values_of(_section(body))) == _text(leaves)


@given(LEAVES)
def test_what_an_earlier_version_kept_is_read(leaves: Mapping[str, Any]) -> None:
    text = orjson.dumps(list(leaves.items()))
    for body in (text, zlib.compress(text, 1)):
        assert _text(values_of(_section(body))) == _text(leaves)
        assert list(unpacked_leaves(body).values()) == [canonical(leaves[key]) for key in leaves]


@pytest.mark.parametrize("count", [1, 15, 16, 200, 70_000])
def test_many_leaves_are_compressed_and_read(count: int) -> None:
    kept = {f"/etc/{number:06}": b'{"type":"file"}' for number in range(count)}
    body = packed_leaves(kept)
    assert unpacked_leaves(body) == kept
    assert len(body) <= max(8192, count * 8)


def _section(body: bytes) -> AgentSection:
    return AgentSection("agent", "files", "ok", "", 0, body)


def _text(leaves: Mapping[str, Any]) -> bytes:
    # In Python `True` is `1`, and here it is not.
    return orjson.dumps(sorted(leaves.items()), option=orjson.OPT_SORT_KEYS)
