from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.lifecycle import (
    Fold,
    finding_of,
    fold,
    implausible,
    refreshed,
    subject_of,
)
from reconciler.domain.model import Kind, Origin, ResourceAddress, Severity, Unseen
from reconciler.domain.records import DriftDecision, FindingState, RemediationId, TemplateId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.score import score
from reconciler.domain.sources import report_source
from reconciler.wire.scan import finding_object
from tests.unit.domain.drift import AT, COUNTS, change, finding, record, report

NAMES = [f"thing.{name}" for name in "abcd"]
A, B = map(ResourceAddress, NAMES[:2])


def test_what_was_not_known_is_opened() -> None:
    folded = fold([], report(finding(A)))
    assert [one.address for one in folded.opened] == [A]


def test_the_same_fingerprint_is_the_same_finding_seen_again() -> None:
    folded = fold([record(A)], report(finding(A)))
    assert folded.seen == (record(A),)
    assert not folded.opened
    assert not folded.healed


def test_the_same_drift_is_rated_as_the_rules_say_now() -> None:
    now = finding(A, severity=Severity.CRITICAL, severity_reason="it is open")
    folded = fold([record(A)], report(now))
    reason = {"severity": "critical", "severity_reason": "it is open"}
    details = {**record(A).details, **reason}
    rated = record(A, severity=Severity.CRITICAL, score=score(now), details=details)
    assert folded.seen == folded.rated == (rated,)
    assert not folded.changed
    assert fold([record(A)], report(finding(A))).rated == ()


def test_another_fingerprint_is_a_change_of_the_same_finding() -> None:
    (changed,) = fold([record(A)], report(finding(A, "f2", kind=Kind.MISSING))).changed
    assert (changed.known, changed.now.kind) == (record(A), Kind.MISSING)


def test_what_was_read_and_no_longer_differs_is_healed() -> None:
    assert fold([record(A)], report()).healed == (record(A),)


def test_what_could_not_be_read_stays_as_it_is() -> None:
    folded = fold([record(A), record(B)], report(unreadable=(A,)))
    assert folded.unread == (record(A),)
    assert folded.healed == (record(B),)


def test_what_a_plan_that_failed_may_not_have_come_to_stays_as_it_is() -> None:
    known = [record(A, kind=Kind.MISSING, origin=Origin.UNAPPLIED), record(B)]
    child = record(ResourceAddress('thing.b/key["x"]'), kind=Kind.ADDED)
    seen = replace(report(), listed=frozenset({B}))
    folded = fold([*known, child], seen)
    assert (folded.unread, folded.healed) == ((known[0],), (known[1], child))
    assert fold(known, seen, asked={A, B}).unread == (known[0],)


def test_what_followed_an_object_that_could_not_be_read_stays_as_it_is() -> None:
    output = finding("output.a", consequence_of=A)
    known = record("output.a", details=finding_object(output))
    assert fold([known], report(unreadable=(A,))).unread == (known,)
    assert fold([known], report(unreadable=(B,))).healed == (known,)
    back = replace(known, kind=Kind.MISSING)
    assert fold([back], report(unreadable=(A,))).healed == (back,)


def test_a_child_stays_while_the_question_that_found_it_has_no_answer() -> None:
    policies = ResourceAddress("thing.a/policy")
    child = record(ResourceAddress(f'{policies}["x[1]"]'), kind=Kind.ADDED)
    other = record(ResourceAddress('thing.a/key["x"]'), kind=Kind.ADDED)
    seen = replace(report(), unseen=((policies, Unseen(A, "policy", "throttled")),))
    folded = fold([child, other], seen)
    assert (folded.unread, folded.healed) == ((child,), (other,))


def test_what_another_source_saw_is_in_no_part_of_a_scan() -> None:
    reported = record(A, "theirs", seen_by=report_source("ci"))
    assert fold([reported], report()) == Fold()
    folded = fold([reported], report(finding(A)))
    assert folded == Fold(opened=(finding(A),))


def test_what_was_not_asked_for_stays_as_it_is() -> None:
    folded = fold([record(A), record(B)], report(), asked={A})
    assert folded.healed == (record(A),)
    assert folded.unread == (record(B),)


def test_nothing_heals_in_a_pass_that_is_not_to_be_trusted() -> None:
    folded = fold([record(A)], report(), may_heal=False)
    assert folded.unread == (record(A),)
    assert not folded.healed


@given(
    known=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["f1", "f2"])),
    found=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["f1", "f2"])),
    unread=st.sets(st.sampled_from(NAMES)),
    asked=st.none() | st.sets(st.sampled_from(NAMES)),
    may_heal=st.booleans(),
)
def test_every_known_finding_falls_into_exactly_one_part(
    known: dict[str, str],
    found: dict[str, str],
    unread: set[str],
    asked: set[ResourceAddress] | None,
    *,
    may_heal: bool,
) -> None:
    seen = [finding(address, mark) for address, mark in found.items() if address not in unread]
    records = [record(address, mark) for address, mark in known.items()]
    folded = fold(records, report(*seen, unreadable=tuple(unread)), asked=asked, may_heal=may_heal)
    parts = [
        *folded.seen,
        *(changed.known for changed in folded.changed),
        *folded.healed,
        *folded.unread,
    ]
    assert sorted(part.address for part in parts) == sorted(known)
    assert not {one.address for one in folded.healed} & (unread | set(found))
    assert {one.address for one in folded.opened} == {one.address for one in seen} - set(known)


@pytest.mark.parametrize(
    ("before", "now", "same", "doubted"),
    [
        (10, 10, True, False),
        (10, 7, True, False),
        (10, 6, True, True),
        (10, 0, True, True),
        (10, 0, False, False),
        (0, 0, True, False),
        (1, 0, True, True),
        (None, 0, True, False),
    ],
)
def test_resources_do_not_vanish_while_state_and_code_stay(
    before: int | None,
    now: int,
    same: bool,  # noqa: FBT001
    doubted: bool,  # noqa: FBT001
) -> None:
    last_good = None if before is None else replace(COUNTS, resources=before)
    why = implausible(report(resources=now), last_good=last_good, same_revision=same)
    assert (why is not None) is doubted
    if why:
        assert f"only {now} of {before} resources" in why


@pytest.mark.parametrize(
    ("before", "now", "doubted"),
    [((25, 20), (5, 0), False), ((25, 20), (23, 20), True), ((20, 20), (0, 0), False),
     ((25, None), (5, 0), False)],
)  # fmt: skip
def test_outputs_come_and_go_without_doubt(
    before: tuple[int, int | None],
    now: tuple[int, int],
    doubted: bool,  # noqa: FBT001
) -> None:
    last_good = replace(COUNTS, resources=before[0], outputs=before[1])
    seen = report(resources=now[0], outputs=now[1])
    assert (implausible(seen, last_good=last_good, same_revision=True) is not None) is doubted
    stopped = replace(seen, listed=frozenset({A}))
    assert implausible(stopped, last_good=last_good, same_revision=True) is None


def test_a_persons_word_stands_until_the_drift_changes() -> None:
    decision = DriftDecision(RemediationId("m1"), RemediationState.REJECTED, "ann")
    spoken = replace(record(A), decision=decision)
    now = finding(A, "f2")
    later = refreshed(spoken, now, details=finding_object(now), at=AT + timedelta(minutes=1))
    assert later.decision is None


def test_a_finding_that_changed_is_open_again() -> None:
    ignored = record(A, state=FindingState.IGNORED)
    now = finding(A, "f2", kind=Kind.MISSING, origin=Origin.UNAPPLIED)
    later = refreshed(ignored, now, details=finding_object(now), at=AT + timedelta(minutes=1))
    assert (later.state, later.kind, later.times_seen) == (FindingState.OPEN, Kind.MISSING, 2)
    assert (later.first_seen, later.last_seen) == (AT, AT + timedelta(minutes=1))
    assert later.score == 54


def test_policies_are_asked_about_places_and_templates() -> None:
    seen = finding(A, changes=(change("tags.team"), change("size")))
    kept = record(A, details=finding_object(seen), template_id=TemplateId("mine"))
    subject = subject_of(kept, templates=frozenset({TemplateId("shared")}))
    assert subject.paths == ("tags.team", "size")
    assert {"mine", "shared"} < subject.templates
    assert len(subject.templates) == 3
    assert subject.only_undo
    assert not subject_of(record(A, origin=Origin.BOTH)).only_undo
    assert not subject_of(record(A, origin=None)).only_undo


def test_a_record_remembers_the_places_of_its_finding() -> None:
    seen = finding(A, changes=(change("size"),), consequences=(change("arn"),))
    again = finding_of(record(A, details=finding_object(seen)))
    assert [one.path for one in again.changes] == ["size"]
    assert [consequence.path for consequence in again.consequences] == ["arn"]
    assert (again.origin, again.kind) == (seen.origin, seen.kind)
    bare = finding_of(record(A, details={}, origin=None))
    assert (bare.changes, bare.origin) == ((), None)
