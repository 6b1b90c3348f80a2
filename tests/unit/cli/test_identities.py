from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.identities import SHORTEST, Related, choose, shortened
from reconciler.cli.labels import short_address
from reconciler.domain.errors import NotFoundError, PermanentError
from reconciler.wire.route import Route


@dataclass(frozen=True)
class Thing:
    id: str
    name: str


THING: Related[Thing] = Related(
    noun="thing",
    all=Route("GET", "/things", lambda: Thing),
    id_of=lambda item: item.id,
    listing="trueup things",
    line=lambda item: item.name,
    names_of=lambda item: (item.name,),
)
ids = st.sets(st.text("0123456789abcdef", min_size=SHORTEST, max_size=20), min_size=1, max_size=30)


@given(ids)
def test_what_is_shown_names_what_it_was_shown_for(known: set[str]) -> None:
    items = [Thing(one, f"name of {one}") for one in sorted(known)]
    for whole, short in shortened(known).items():
        assert whole.startswith(short)
        assert len(short) >= SHORTEST
        assert choose(items, THING, short).id == whole


def test_an_id_that_begins_another_can_still_be_given() -> None:
    items = [Thing("abcdefgh", "one"), Thing("abcdefghi", "two")]
    assert choose(items, THING, "abcdefgh").name == "one"


def test_a_name_goes_before_the_beginning_of_an_id() -> None:
    items = [Thing("abc", "one"), Thing("xyz", "ab")]
    assert choose(items, THING, "ab").id == "xyz"


def test_several_are_told_with_what_they_are() -> None:
    items = [Thing(f"a{n:02}", f"n{n}") for n in range(12)]
    with pytest.raises(PermanentError, match="12 things") as told:
        choose(items, THING, "a")
    assert "a00  n0" in str(told.value)
    assert "and 4 more" in str(told.value)


@pytest.mark.parametrize("given", ["", "nothing-like-it"])
def test_none_is_told_with_where_to_look(given: str) -> None:
    with pytest.raises(NotFoundError) as told:
        choose([Thing("abc", "one")], THING, given)
    assert told.value.remedy == "`trueup things` lists them"


def test_a_near_name_is_told() -> None:
    with pytest.raises(NotFoundError) as told:
        choose([Thing("abc", "orders")], THING, "order")
    assert told.value.remedy == "did you mean orders?"


WEB = "urn:pulumi:dev::shop::shop:index:Site$aws:sqs/queue:Queue::web"


@pytest.mark.parametrize("given", [WEB, "aws:sqs/queue:Queue::web", "web"])
def test_the_end_of_a_pulumi_urn_names_it(given: str) -> None:
    """Row P12."""
    other = WEB.replace("::web", "::cobweb")
    items = [Thing("abc", WEB), Thing("xyz", other)]
    assert choose(items, THING, given).id == "abc"


def test_an_end_that_two_urns_share_is_ambiguous() -> None:
    items = [Thing("abc", WEB), Thing("xyz", WEB.replace("dev", "test"))]
    with pytest.raises(PermanentError, match="2 things"):
        choose(items, THING, "aws:sqs/queue:Queue::web")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (WEB, "aws:sqs/queue:Queue::web"),
        ("module.a.aws_sqs_queue.web[0]", "module.a.aws_sqs_queue.web[0]"),
        ("urn:of:something-else", "urn:of:something-else"),
    ],
)
def test_tables_show_the_end_of_a_urn(address: str, shown: str) -> None:
    assert short_address(address) == shown
