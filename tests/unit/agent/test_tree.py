"""Laws of the canonical form and the hash tree, on which agent and server must agree."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.differences import changes_between
from agent.protocol.canonical import NotCanonicalError, canonical, text_of
from agent.protocol.tree import (
    STATUSES,
    Section,
    digest_of,
    digests_of,
    leaf_digests,
    root_digest,
)

TEXTS = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
KEYS = st.text(alphabet=st.characters(max_codepoint=127), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
LEAVES = st.dictionaries(TEXTS.filter(bool), VALUES, max_size=6)
SECTIONS = st.dictionaries(
    st.sampled_from(["files", "packages", "sysctl"]),
    st.builds(Section, status=st.sampled_from(STATUSES), leaves=LEAVES),
    max_size=3,
)


def root_of(sections: dict[str, Section]) -> bytes:
    return root_digest(digests_of(sections))


@given(VALUES)
def test_the_server_would_write_the_same_bytes(value: Any) -> None:
    assert canonical(value) == orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        2**53,
        -(2**53),
        {"ü": 1},
        {1: 2},
        "\ud800",
        "\0",
        [[[[[[[[[1]]]]]]]]],
        b"raw",
        {"a": {1.0}},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalError):
        canonical(value)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_two_names_never_share_a_text(one: bytes, other: bytes) -> None:
    assert (text_of(one) == text_of(other)) == (one == other)


@given(SECTIONS, SECTIONS)
def test_roots_are_equal_when_and_only_when_the_hosts_are(
    one: dict[str, Section], other: dict[str, Section]
) -> None:
    assert (root_of(one) == root_of(other)) == same(one, other)


def same(one: dict[str, Section], other: dict[str, Section]) -> bool:
    """Whether two hosts are equal; in Python `True` is `1`, and here it is not."""
    return form(one) == form(other)


def form(host: dict[str, Section]) -> bytes:
    return orjson.dumps(
        {name: [section.status, section.leaves] for name, section in host.items()},
        option=orjson.OPT_SORT_KEYS,
    )


@given(LEAVES)
def test_the_order_of_leaves_leaves_no_trace(leaves: dict[str, Any]) -> None:
    turned = dict(reversed(list(leaves.items())))
    assert digest_of("files", Section("ok", leaves)) == digest_of("files", Section("ok", turned))


@given(LEAVES)
def test_a_section_that_could_not_be_read_never_looks_unchanged(leaves: dict[str, Any]) -> None:
    digests = {digest_of("files", Section(status, leaves)) for status in STATUSES}
    assert len(digests) == len(STATUSES)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_parts_of_a_leaf_cannot_be_moved_across_their_border(
    section: str, key: str, other_section: str, other_key: str
) -> None:
    equal = (section, key) == (other_section, other_key)
    (digest,) = leaf_digests(section, [(key, b"1")])
    (other,) = leaf_digests(other_section, [(other_key, b"1")])
    assert (digest == other) == equal


@given(SECTIONS, SECTIONS)
def test_what_an_agent_says_differs_makes_the_one_host_of_the_other(
    before: dict[str, Section], now: dict[str, Section]
) -> None:
    made = {name: section for name, section in before.items() if name in now}
    for name, change in changes_between(before, now).items():
        leaves = dict(before[name].leaves) if name in before else {}
        for key in change.removed:
            del leaves[key]
        leaves.update(change.changed)
        made[name] = Section(change.status, leaves)
    assert root_of(made) == root_of(now)
