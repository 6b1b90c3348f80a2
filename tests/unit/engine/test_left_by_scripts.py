"""What an isolating script left, as a read shows it: hidden while it is exactly so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.bootstrap.adapters import judging
from reconciler.domain.edges import Edge
from reconciler.domain.model import (
    Change,
    Engine,
    Finding,
    Kind,
    Origin,
    ResourceAddress,
    StackReport,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import FindingRecord, RemediationId
from reconciler.domain.scripts import ScriptIsolation
from reconciler.domain.values import Sensitive
from reconciler.engine.quarantine.expecting import without_left
from reconciler.engine.quarantine.leaving import (
    is_as_left,
    known_before,
    left_by,
    touched,
    visibly_isolated,
)
from reconciler.wire.scan import finding_object
from tests.unit.domain.drift import AT, SHOP, finding, record, report

VM = ResourceAddress("thing.vm")
RULE = ResourceAddress('thing.vm/rule["22"]')
JUDGING = judging(b"k" * 32)
_KEPT = Quarantine(
    RemediationId("q"), SHOP, (), (Edge(VM, "thing", VM),), undo={}, state=QuarantineState.ACTIVE,
    since=AT, expires_at=AT + timedelta(hours=4),
    script=ScriptIsolation("cut-off", "0" * 64, {}),
)  # fmt: skip


def changed(*changes: Change, **more: Any) -> Finding:
    return finding(VM, changes=changes, **more)


def to(path: str, live: Any, **more: Any) -> Change:
    return Change(AttributePath(path), None, None, live, Origin.OUT_OF_BAND, **more)


def known(seen: Finding) -> FindingRecord:
    return replace(
        record(seen.address, seen.fingerprint), kind=seen.kind, origin=seen.origin,
        details=finding_object(seen),
    )  # fmt: skip


def left(after: StackReport, *before: Finding) -> Quarantine:
    """Return the quarantine once `after` was read, where `before` was known."""
    assert _KEPT.script is not None
    script = replace(_KEPT.script, before=known_before(_KEPT.edges, map(known, before)))
    begun = replace(_KEPT, script=script)
    return replace(begun, script=replace(script, left=left_by(begun, after)))


def shown(quarantine: Quarantine, seen: StackReport, *before: Finding) -> dict[str, Any]:
    """Return by path what a scan that saw `seen` shows as drift."""
    findings = without_left(seen, [quarantine], records=list(map(known, before)), judging=JUDGING)
    return {change.path: change.live for each in findings for change in each.changes}


def test_a_key_of_a_map_is_expected_and_another_one_is_drift() -> None:
    tagged = changed(to("tags.isolated", "yes"))
    quarantine = left(report(tagged))
    assert touched(quarantine) == visibly_isolated(quarantine) == (VM,)
    assert shown(quarantine, report(tagged)) == {}
    later = report(changed(to("tags.isolated", "yes"), to("tags.owner", "eve")))
    assert shown(quarantine, later) == {"tags.owner": "eve"}
    assert is_as_left(quarantine, VM, later)


def test_a_list_is_expected_as_a_whole() -> None:
    before = changed(to("rules[1]", "22"))
    emptied = changed(to("rules[0]", None))
    quarantine = left(report(emptied), before)
    assert shown(quarantine, report(emptied), before) == {"rules[1]": "22"}
    more = report(changed(to("rules[0]", None), to("rules[1]", "8080")))
    assert shown(quarantine, more, before) == {"rules[0]": None, "rules[1]": "8080"}
    assert not is_as_left(quarantine, VM, more)


def test_drift_that_was_there_before_keeps_its_fingerprint() -> None:
    before = changed(to("rules[1]", "22"), to("size", 0.1), print_="as it was")
    quarantine = left(report(changed(to("size", 0.1))), before)
    (kept,) = without_left(
        report(changed(to("size", 0.1), print_="other")), [quarantine],
        records=[known(before)], judging=JUDGING,
    )  # fmt: skip
    assert kept.fingerprint == "as it was"
    assert visibly_isolated(quarantine) == ()


def test_a_secret_is_kept_as_its_digest() -> None:
    told = changed(to("password", Sensitive("d1"), sensitive=True))
    quarantine = left(report(told))
    assert "d1" in str(quarantine.script)
    assert shown(quarantine, report(told)) == {}
    other = report(changed(to("password", Sensitive("d2"), sensitive=True)))
    assert list(shown(quarantine, other)) == ["password"]


def test_what_no_plan_acts_on_is_told_apart() -> None:
    plain, beyond = changed(to("size", 9)), changed(to("size", 9), origin=Origin.UNDECLARED)
    quarantine = left(report(plain, beyond), plain)
    assert shown(quarantine, report(plain, beyond), plain) == {"size": 9}
    uncompared = replace(report(plain), uncompared=frozenset({VM}))
    assert is_as_left(quarantine, VM, uncompared)


def test_what_cannot_be_read_says_nothing() -> None:
    before = changed(to("size", 9))
    quarantine = left(report(), before)
    assert without_left(
        report(unreadable=(VM,)), [quarantine], records=[known(before)], judging=JUDGING
    ) == ()  # fmt: skip


def test_what_was_not_compared_is_not_taken_for_put_right() -> None:
    before = changed(to("port", 22), origin=Origin.UNDECLARED)
    quarantine = left(replace(report(), uncompared=frozenset({VM})), before)
    assert touched(quarantine) == ()
    assert shown(quarantine, report(before), before) == {"port": 22}
    assert is_as_left(quarantine, VM, report(before))


def test_a_resource_that_drifted_and_is_gone_is_drift() -> None:
    gone = report(finding(VM, kind=Kind.MISSING))
    quarantine = left(gone)
    assert touched(quarantine) == ()
    (seen,) = without_left(gone, [quarantine], records=[], judging=JUDGING)
    assert seen.kind is Kind.MISSING


def added(**more: Any) -> Finding:
    return finding(RULE, kind=Kind.ADDED, origin=Origin.UNDECLARED, parent=VM, **more)


def test_a_child_that_the_script_took_away_has_not_healed() -> None:
    quarantine = left(report(), added())
    assert (touched(quarantine), visibly_isolated(quarantine)) == ((RULE,), ())
    (kept,) = without_left(report(), [quarantine], records=[known(added())], judging=JUDGING)
    assert (kept.address, kept.fingerprint) == (RULE, added().fingerprint)
    assert is_as_left(quarantine, RULE, report())
    assert not is_as_left(quarantine, RULE, report(added()))


def test_a_child_that_nobody_was_asked_for_may_be_there() -> None:
    by_plan = replace(report(), obtained_by=Engine.CLI)
    assert touched(left(by_plan, added())) == ()
    assert touched(left(report(unreadable=(RULE,)), added())) == ()
    assert touched(left(report(added()), added())) == ()
