"""What is passed on unread says the same as what is read and written again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import ResourceAddress
from reconciler.storage.columns import json_text
from reconciler.wire.findings import (
    FINDING_COLUMNS,
    finding_details,
    finding_record_json,
    finding_record_object,
)
from reconciler.wire.kept import KeptObject
from reconciler.wire.scan import json_bytes, timestamp
from tests.contract.store.records import a_finding

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from([*sorted(FINDING_COLUMNS), "changes", "source", "provider"]) | _TEXT
_DETAILS = st.dictionaries(_KEYS, _JSON, max_size=8)


@given(_DETAILS)
def test_a_finding_passed_on_unread_has_each_key_once_and_its_own_columns_win(
    details: dict[str, Any],
) -> None:
    read = a_finding(address=ResourceAddress('a.b["\n"]'), details=details)
    kept = replace(read, details=finding_details(details, json_text))
    pairs = _pairs(json_bytes({"finding": finding_record_json(kept)}))
    assert len(pairs) == len({name for name, _ in pairs})
    assert dict(pairs) == orjson.loads(orjson.dumps(finding_record_object(read)))


@given(_DETAILS)
def test_details_say_the_same_however_they_are_ordered(details: dict[str, Any]) -> None:
    kept = finding_details(details, json_text)
    assert kept == details
    assert details == kept
    assert len(kept) == len(details)
    assert finding_details(kept, json_text) is kept
    assert orjson.loads(kept.text) == details


@given(_DETAILS)
def test_details_kept_without_an_order_are_shown_too(details: dict[str, Any]) -> None:
    kept = a_finding(details=KeptObject(json_text(details)))
    shown = orjson.loads(json_bytes({"finding": finding_record_json(kept)}))["finding"]
    assert shown == orjson.loads(orjson.dumps(finding_record_object(a_finding(details=details))))


@given(_DETAILS, _DETAILS)
def test_an_order_inside_an_order_is_none(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    nested = {**outer, "id": finding_details(inner, json_text)}
    kept = a_finding(details=finding_details(nested, json_text))
    shown = orjson.loads(json_bytes({"finding": finding_record_json(kept)}))["finding"]
    assert shown == orjson.loads(orjson.dumps(finding_record_object(a_finding(details=outer))))


def test_the_keys_that_are_ordered_by_are_those_of_the_columns() -> None:
    assert set(finding_record_object(a_finding(details={}))) == FINDING_COLUMNS


def test_a_kept_object_is_written_as_it_is_wherever_it_stands() -> None:
    kept = KeptObject('{"b":1,"a":[2]}')
    assert json_bytes({"items": [kept], "one": kept}) == (
        b'{"items":[{"b":1,"a":[2]}],"one":{"b":1,"a":[2]}}'
    )
    assert json_text(kept) == '{"b":1,"a":[2]}'
    assert {**kept, "c": 3} == {"b": 1, "a": [2], "c": 3}
    assert "a" in kept
    assert kept != {"b": 1}


def test_what_is_no_json_is_still_refused() -> None:
    with pytest.raises(TypeError, match="JSON"):
        json_bytes({"a": {1, 2}})


@given(
    st.datetimes(
        min_value=datetime(1, 1, 3),  # noqa: DTZ001
        max_value=datetime(9999, 12, 28),  # noqa: DTZ001
        timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
    )
)
def test_a_time_is_shown_in_utc_to_the_millisecond(moment: datetime) -> None:
    expected = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    assert timestamp(moment) == expected.removesuffix("+00:00") + "Z"


def _pairs(body: bytes) -> list[tuple[str, Any]]:
    """Return the members of `finding` in `body`; only this reader tells doubled keys."""
    found: list[list[tuple[str, Any]]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(pairs)
        return dict(pairs)

    json.loads(body, object_pairs_hook=keep)
    *_, finding, _whole = found
    return finding
