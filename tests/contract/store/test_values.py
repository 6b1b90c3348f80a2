from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.errors import InvalidError
from reconciler.domain.records import FindingFilter, ReportId, TemplateId
from reconciler.stores import Store
from tests.contract.store.records import NOW, a_finding, a_replay, a_report, a_stack, a_template
from tests.contract.store.writing import each
from tests.empty_database import open_empty_store

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_MOMENT = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001
    max_value=datetime(9999, 12, 28),  # noqa: DTZ001
    timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
)


@settings(max_examples=30)
@given(definition=st.dictionaries(_TEXT, _JSON, max_size=4), name=_TEXT, moment=_MOMENT)
async def test_what_can_be_kept_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, definition: Any, name: str, moment: datetime
) -> None:
    folder: Path = tmp_path_factory.mktemp("values")
    template = a_template(name=name, template_definition=definition, created_at=moment)
    store = await open_empty_store(folder / "trueup.db")
    try:
        await store.transact(lambda t: t.templates.put_many([template]))
        found = await store.read(lambda t: t.templates.get(template.template_id))
    finally:
        await store.close()
    assert found == template
    assert found.created_at.tzinfo is UTC


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "x\udfff"])
async def test_text_that_not_every_database_keeps_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InvalidError, match="cannot be kept"):
        await store.transact(lambda t: t.stacks.put(a_stack(text)))
    with pytest.raises(InvalidError, match="cannot be kept"):
        await store.transact(lambda t: t.templates.put_many([a_template(), a_template(text)]))
    with pytest.raises(InvalidError, match="cannot be kept"):
        await store.read(lambda t: t.reports.get(ReportId(text)))
    with pytest.raises(InvalidError, match="cannot be kept"):
        await store.read(lambda t: t.findings.page(FindingFilter(text=text)))
    with pytest.raises(InvalidError, match="cannot be kept"):
        await store.transact(lambda t: t.replays.put(a_replay(text)))
    assert await store.read(lambda t: t.stacks.all()) == ()
    assert await store.read(lambda t: t.templates.get(TemplateId("t1"))) is None


@pytest.mark.parametrize(
    "details", [{"a": "\ud800"}, {"a": 2**70}, {"a": {1, 2}}, {1: "a"}, {"a": b"bytes"}]
)
async def test_what_is_no_json_is_refused(store: Store, details: Any) -> None:
    with pytest.raises(InvalidError, match="JSON"):
        await store.transact(lambda t: t.reports.put_many([a_report(drift_details=details)]))
    assert await store.read(lambda t: t.reports.get(ReportId("r1"))) is None


async def test_a_nul_inside_json_is_kept(store: Store) -> None:
    report = a_report(drift_details={"a": "x\0y"})
    await store.transact(lambda t: t.reports.put_many([report]))
    assert await store.read(lambda t: t.reports.get(report.report_id)) == report


async def test_a_time_without_zone_is_refused(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(InvalidError, match="zone"):
        await store.transact(lambda t: t.reports.put_many([a_report(timestamp=naive)]))
    with pytest.raises(InvalidError, match="zone"):
        await store.read(lambda t: t.reports.page(since=naive))


async def test_a_number_beyond_64_bits_is_refused(store: Store) -> None:
    with pytest.raises(InvalidError, match="64 bits"):
        await store.transact(lambda t: t.findings.put_many([a_finding(times_seen=2**63)]))


async def test_times_of_all_zones_are_in_one_order(store: Store) -> None:
    east = timezone(timedelta(hours=9))
    earlier = a_report("earlier", timestamp=NOW.astimezone(east))
    later = a_report("later", timestamp=NOW + timedelta(minutes=1))
    await store.transact(lambda t: t.reports.put_many([later, earlier]))
    page = await store.read(lambda t: t.reports.page(limit=1))
    assert page.items == (later,)
    page = await store.read(lambda t: t.reports.page(limit=1, cursor=page.next))
    assert page.items == (earlier,)


async def test_nothing_of_what_was_refused_holds_up_the_rest(store: Store) -> None:
    names = ("a", "b\0", "c")
    works = (each(store, lambda t, one: t.stacks.put(one), [a_stack(name)]) for name in names)
    done = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(one, InvalidError) for one in done] == [False, True, False]
    assert [one.name for one in await store.read(lambda t: t.stacks.all())] == ["a", "c"]
