"""A provider that looks somewhere else says of every object that it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.doubts import (
    doubt_about,
    doubts_about,
    provider_doubts,
    vanished_as_unreadable,
    without_answers,
)
from reconciler.domain.model import (
    Change,
    Drifted,
    Engine,
    InSync,
    Missing,
    Noise,
    NotApplicable,
    Observed,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    Snapshot,
    StackName,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from tests.fakes import recorded

CLOUD, OTHER = "cloud", "other"
EDITED = ProviderDoubt(CLOUD, 'region is "east" in code')
UNREAD = "the scan is incomplete: thing.{} could not be read"
STOPPED = "a plan ends with an error: main.tf:7: Resource precondition failed ({}): {}"
FOUND, GONE, TO_CREATE = InSync(), Missing(), Missing(Origin.UNAPPLIED)
CHANGED = Drifted((Change(AttributePath("size"), 1, 1, 2, Origin.OUT_OF_BAND),))


def world(
    verdicts: Sequence[Verdict],
    *,
    provider: str = CLOUD,
    doubts: tuple[ProviderDoubt, ...] = (),
) -> tuple[Snapshot, list[Observed]]:
    observed = [
        Observed(ResourceAddress(f"thing.{provider}{n:02}"), verdict)
        for n, verdict in enumerate(verdicts)
    ]
    snapshot = Snapshot(
        stack=StackName("shop"),
        tool="terraform",
        directory=".",
        revision="1",
        obtained_by=Engine.PLUGIN,
        resources=tuple(replace(recorded(seen.address), provider=provider) for seen in observed),
        timing_ms={},
        provider_doubts=doubts,
    )
    return snapshot, observed


@pytest.mark.parametrize(
    ("verdicts", "doubts", "unreadable"),
    [
        ([GONE] * 8, (), 8),
        ([GONE] * 3, (), 3),
        ([GONE] * 3 + [TO_CREATE, NotApplicable("local")], (), 3),
        ([GONE, GONE, Missing(Origin.BOTH)], (), 3),
        ([GONE] * 2, (), 0),
        ([GONE] * 5 + [FOUND], (), 0),
        ([GONE] * 5 + [FOUND], (EDITED,), 5),
        ([GONE] * 5 + [FOUND], (ProviderDoubt(OTHER, "edited"),), 0),
        ([GONE] * 3 + [FOUND] * 3, (EDITED,), 0),
        ([TO_CREATE] * 5, (), 0),
    ],
)
def test_objects_that_vanished_together_are_unreadable(
    verdicts: list[Verdict], doubts: tuple[ProviderDoubt, ...], unreadable: int
) -> None:
    snapshot, observed = world(verdicts, doubts=doubts)
    seen = vanished_as_unreadable(snapshot, observed)
    told = [one.verdict for one in seen if isinstance(one.verdict, Unreadable)]
    assert len(told) == unreadable
    assert all("another account, region or endpoint" in one.reason for one in told)
    assert [one.address for one in seen] == [one.address for one in observed]


def test_each_provider_is_judged_by_its_own_objects() -> None:
    cloud, gone = world([GONE] * 4)
    other, found = world([FOUND] * 9, provider=OTHER)
    both = replace(cloud, resources=(*cloud.resources, *other.resources))
    seen = vanished_as_unreadable(both, [*gone, *found])
    assert [isinstance(one.verdict, Unreadable) for one in seen] == [True] * 4 + [False] * 9


def test_objects_without_a_provider_vanish_one_by_one() -> None:
    snapshot, observed = world([GONE] * 4, provider="")
    assert vanished_as_unreadable(snapshot, observed) == observed
    assert provider_doubts(snapshot, observed, whole=True) == ()


@pytest.mark.parametrize(
    ("verdicts", "doubted"),
    [
        ([FOUND, GONE], False),
        ([FOUND, FOUND, GONE], False),
        ([GONE], False),
        ([GONE, GONE], True),
        ([GONE, GONE, FOUND], True),
        ([CHANGED] * 4, False),
        ([FOUND, Unreadable("denied"), CHANGED], True),
        ([FOUND, Noise(()), Unmanaged()], False),
    ],
)
def test_a_provider_is_in_doubt_when_most_vanished_or_one_was_not_read(
    verdicts: list[Verdict],
    *,
    doubted: bool,
) -> None:
    snapshot, observed = world(verdicts)
    doubts = provider_doubts(snapshot, observed, whole=True)
    assert [doubt.provider for doubt in doubts] == ([CLOUD] if doubted else [])


def test_a_part_of_a_stack_tells_nothing_about_how_many_vanished() -> None:
    snapshot, observed = world([GONE, GONE])
    assert provider_doubts(snapshot, observed, whole=False) == ()


def test_a_doubt_about_the_stack_is_one_about_each_provider() -> None:
    lost = ProviderDoubt("", "the state's serial went back")
    assert doubt_about(CLOUD, [lost]) == lost.reason
    assert doubt_about(CLOUD, [ProviderDoubt(OTHER, "edited")]) is None
    assert doubt_about("", [EDITED]) is None


@given(st.lists(st.sampled_from([FOUND, GONE, TO_CREATE, CHANGED, Unreadable("denied")])))
def test_what_is_missing_is_undoubted_only_beside_as_many_that_were_found(
    verdicts: list[Verdict],
) -> None:
    snapshot, observed = world(verdicts)
    seen = vanished_as_unreadable(snapshot, observed)
    doubts = provider_doubts(snapshot, seen, whole=True)
    gone, found = verdicts.count(GONE), verdicts.count(FOUND) + verdicts.count(CHANGED)
    if doubt_about(CLOUD, doubts) is None:
        assert gone <= max(found, 1)
        assert Unreadable("denied") not in verdicts


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (f"{UNREAD.format('a')} (denied, RequestID: 7)", f"{UNREAD.format('a')} (throttled)", True),
        (
            UNREAD.format("a and 3 more") + " (slow)",
            UNREAD.format("a and 9 more") + " (slow)",
            True,
        ),
        (f"{UNREAD.format('a')} (slow)", f"{UNREAD.format('b')} (slow)", False),
        (STOPPED.format("thing.a", "it ends in 71 s"), STOPPED.format("thing.a", "in 12 s"), True),
        (STOPPED.format("thing.a", "too old"), STOPPED.format("thing.b", "too old"), False),
        (STOPPED.format("thing.a", "old"), STOPPED.format("thing.a", "old; and 1 more"), False),
        (STOPPED.format('thing.a["x: y"]', "old"), STOPPED.format('thing.a["x: z"]', "old"), False),
    ],
)
def test_what_is_told_in_other_words_each_time_is_the_same(
    before: str, now: str, *, same: bool
) -> None:
    assert (without_answers(before) == without_answers(now)) == same


def test_a_doubt_is_told_once_and_hides_no_other() -> None:
    told = [f"{UNREAD.format('a')} (RequestID: {number})" for number in (7, 8)]
    doubts = [ProviderDoubt("", told[0]), EDITED, ProviderDoubt(CLOUD, told[1])]
    assert doubts_about(CLOUD, doubts) == (told[0], EDITED.reason)
