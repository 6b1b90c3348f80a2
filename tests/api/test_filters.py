"""The filter language of `GET /findings`."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.filters import read_filter
from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import FindingFilter, FindingState
from tests.api.desk import V1, Desk
from tests.unit.engine.house import A, B

OPEN = FindingState.OPEN


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", FindingFilter(state=OPEN)),
        ("   ", FindingFilter(state=OPEN)),
        ("stack:web*", FindingFilter(stack="web*", state=OPEN)),
        ("kind:missing", FindingFilter(kind=Kind.MISSING, state=OPEN)),
        ("severity:>=high", FindingFilter(min_severity=Severity.HIGH, state=OPEN)),
        ("sev:high", FindingFilter(min_severity=Severity.HIGH, state=OPEN)),
        ("severity:critical", FindingFilter(min_severity=Severity.CRITICAL, state=OPEN)),
        ("state:healed", FindingFilter(state=FindingState.HEALED)),
        ("state:all", FindingFilter(state=None)),
        ("type:aws_* bucket", FindingFilter(type="aws_*", text="bucket", state=OPEN)),
        ("two words", FindingFilter(text="two words", state=OPEN)),
        ('"two  words"', FindingFilter(text="two  words", state=OPEN)),
        ('"kind:missing"', FindingFilter(text="kind:missing", state=OPEN)),
        ('stack:"my stack"', FindingFilter(stack="my stack", state=OPEN)),
        (
            'address:module.a["x"].b',
            FindingFilter(address='module.a["x"].b', state=OPEN),
        ),
        (
            "urn:pulumi:dev::web::aws:s3/bucket:Bucket::b",
            FindingFilter(text="urn:pulumi:dev::web::aws:s3/bucket:Bucket::b", state=OPEN),
        ),
    ],
)
def test_a_filter_means(text: str, wanted: FindingFilter) -> None:
    assert read_filter(text) == wanted


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour:red", "`colour:`"),
        ("kind:gone", "`kind:gone`"),
        ("state:closed", "`state:closed`"),
        ("severity:>=severe", "`severity:>=severe`"),
        ("severity:>high", "`severity:>high`"),
        ("stack:", "`stack:`"),
        ('stack:""', "`stack:`"),
        ("stack:a stack:b", "`stack:`"),
    ],
)
def test_a_term_that_makes_no_sense_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidError, match=r"term") as refused:
        read_filter(text)
    assert named in str(refused.value)


@given(st.text(max_size=60))
def test_every_text_is_a_filter_or_refused(text: str) -> None:
    try:
        wanted = read_filter(text)
    except InvalidError:
        return
    assert {field.name for field in fields(wanted)} >= {"stack", "text"}


@given(st.text(alphabet=st.characters(exclude_characters='"', exclude_categories=["Cs"])))
def test_quotes_make_any_text_a_text(text: str) -> None:
    assert read_filter(f'"{text}"').text == (text or None)


async def test_the_filter_chooses_among_findings(desk: Desk) -> None:
    await desk.house.scan()
    desk.house.world.live[A] = {"size": 99}
    del desk.house.world.live[B]
    await desk.house.scan()

    async def found(text: str, path: str = "/findings") -> list[str]:
        answer = await desk.viewer.get(V1 + path, params={"filter": text})
        assert answer.status_code == 200
        return sorted(one["address"] for one in answer.json()["items"])

    assert await found("") == [A, B]
    assert await found("kind:missing") == [B]
    assert await found("stack:sh* address:*.a") == [A]
    assert await found("stack:other") == []
    assert await found("thing.a") == [A]
    assert await found("kind:missing", "/stacks/shop/findings") == [B]
    del desk.house.world.live[A]
    desk.house.world.live[A] = {"size": 1}
    await desk.house.scan()
    assert await found("") == [B]
    assert await found("state:healed") == [A]
    assert await found("state:all") == [A, B]


async def test_a_wrong_term_is_named_to_the_client(desk: Desk) -> None:
    answer = await desk.viewer.get(f"{V1}/findings", params={"filter": "kind:gone"})
    assert answer.status_code == 422
    assert "`kind:gone`" in answer.json()["detail"]
    assert "missing" in answer.json()["remedy"]
