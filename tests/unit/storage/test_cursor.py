from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.errors import InvalidError
from reconciler.storage.cursor import decode, encode

_KINDS = (int, str, datetime)
_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.integers(-(2**62), 2**62),
    _TEXT,
    st.datetimes(min_value=datetime(1, 1, 3), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_cursor_says_where_the_list_was_left(number: int, text: str, moment: datetime) -> None:
    key = (number, text, moment)
    assert decode(encode("list", key), name="list", kinds=_KINDS) == key


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        decode(text, name="list", kinds=_KINDS)


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        [],
        ["list"],
        ["other", 1, "a", _NOW],
        ["list", 1, "a"],
        ["list", 1, "a", _NOW, 1],
        ["list", True, "a", _NOW],
        ["list", 1.5, "a", _NOW],
        ["list", 2**63, "a", _NOW],
        ["list", "1", "a", _NOW],
        ["list", 1, 2, _NOW],
        ["list", 1, None, _NOW],
        ["list", 1, "a\0", _NOW],
        ["list", 1, "a", "yesterday"],
        ["list", 1, "a", "2026-11-23T00:00:00"],
        ["list", 1, "a", "0001-01-01T00:00:00+14:00"],
        ["list", 1, "a", 5],
        [["list"], 1, "a", _NOW],
    ],
)
def test_a_cursor_of_the_wrong_shape_is_refused(parts: Any) -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(parts)).decode()
    with pytest.raises(InvalidError, match="cursor"):
        decode(text, name="list", kinds=_KINDS)


def test_the_right_shape_is_taken() -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(["list", 1, "a", _NOW])).decode()
    assert decode(text, name="list", kinds=_KINDS) == (1, "a", _NOW)
