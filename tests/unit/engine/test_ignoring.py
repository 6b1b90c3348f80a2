"""What is ignored raises no alarm, is never hidden, and comes back by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.ignoring import IgnoreRule, RuleMatches
from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import FindingId, FindingState
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.windows import read_window
from reconciler.engine.suppression import ignore, note, unsuppress
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, A, B, House

KNOWN = IgnoreRule("autoscaler", "it sets the size", owner="platform", path="size")


def changed(house: House, *addresses: object, size: int = 9) -> None:
    for address in addresses:
        house.world.live[address] = {"size": size}  # type: ignore[index]


async def states(house: House) -> dict[str, str]:
    return {one.address: one.state.value for one in await house.findings()}


async def matches(house: House) -> dict[str, int]:
    found = await house.read(lambda view: view.findings.ignored_by_rule())
    return {name: one.matched for name, one in found.items()}


async def test_a_rule_ignores_what_it_covers_and_no_policy_acts_on_it(house: House) -> None:
    await house.put(MANUAL)
    house.service.ignores = (replace(KNOWN, address="thing.a"),)
    changed(house, A, B)
    await house.scan()
    assert await states(house) == {A: "ignored", B: "open"}
    (only,) = await house.remediations()
    assert only.addresses == (B,)
    assert await matches(house) == {"autoscaler": 1}
    # It is kept, and the stack stays drifted.
    assert (await house.stack()).health.value == "drifted"
    await house.scan(minutes=1)
    assert await matches(house) == {"autoscaler": 1}
    found = await house.read(lambda view: view.findings.ignored_by_rule())
    assert found["autoscaler"] == RuleMatches(1, house.clock.now())


@pytest.mark.parametrize(
    ("rule", "ignored"),
    [
        (KNOWN, True),
        (replace(KNOWN, path="other"), False),
        (replace(KNOWN, stack="sh*", type="thing", kind=Kind.CHANGED), True),
        (replace(KNOWN, stack="web*"), False),
        (replace(KNOWN, kind=Kind.MISSING), False),
        (replace(KNOWN, value="9"), True),
        (replace(KNOWN, value="8"), False),
    ],
)
async def test_every_part_of_a_rule_must_hold(
    house: House, rule: IgnoreRule, *, ignored: bool
) -> None:
    house.service.ignores = (rule,)
    changed(house, A)
    await house.scan()
    assert (await states(house))[A] == ("ignored" if ignored else "open")


@pytest.mark.parametrize("covers", [(), ("critical",), ("missing",)])
async def test_a_deletion_is_ignored_only_where_the_rule_names_it(
    house: House, covers: tuple[str, ...]
) -> None:
    house.service.ignores = (replace(KNOWN, path=None, covers=frozenset(covers)),)
    house.world.live.pop(A)
    await house.scan()
    assert (await states(house))[A] == ("ignored" if "missing" in covers else "open")


async def test_what_a_rule_ignored_is_open_again_when_the_rule_ends_or_goes(house: House) -> None:
    until = house.clock.now() + timedelta(hours=1)
    house.service.ignores = (replace(KNOWN, expires_at=until),)
    changed(house, A)
    await house.scan()
    assert await states(house) == {A: "ignored"}
    await house.scan(hours=1)
    assert await states(house) == {A: "open"}
    house.service.ignores = (KNOWN,)
    await house.scan()
    house.service.ignores = ()
    await house.scan()
    assert await states(house) == {A: "open"}
    told = [each for each in await house.events() if each in ("drift.ignored", "drift.reopened")]
    assert told == ["drift.ignored", "drift.reopened"] * 2


async def test_a_rule_that_comes_later_ends_what_had_not_begun(house: House) -> None:
    await house.put(MANUAL)
    changed(house, A)
    await house.scan()
    waiting = await house.the_open()
    house.service.ignores = (KNOWN,)
    await house.scan(minutes=1)
    ended = await house.remediation(waiting.id)
    assert (ended.state, ended.note) == (RemediationState.CANCELLED, "ignored by a rule")


async def test_somebodys_own_decision_goes_before_a_rule(house: House) -> None:
    changed(house, A)
    await house.scan()
    (finding,) = await house.findings()
    await ignore(house.service, finding.id, reason="mine", actor="ann")
    house.service.ignores = (KNOWN,)
    await house.scan()
    house.service.ignores = ()
    await house.scan()
    (kept,) = await house.findings()
    assert (kept.state, kept.decision and kept.decision.by) == (FindingState.IGNORED, "ann")


async def test_a_finding_is_ignored_for_a_time_and_ends_its_remediation(house: House) -> None:
    await house.put(MANUAL)
    changed(house, A)
    await house.scan()
    (finding,) = await house.findings()
    until = house.clock.now() + timedelta(days=30)
    await ignore(house.service, finding.id, reason="the vendor", actor="ann", until=until)
    (ended,) = await house.remediations()
    assert (ended.state, ended.note) == (RemediationState.CANCELLED, "ignored by ann")
    assert (await house.events()).count("drift.ignored") == 1
    await house.scan(days=1)
    assert await states(house) == {A: "ignored"}
    await house.scan(days=30)
    assert await states(house) == {A: "open"}
    assert "finding.ignored" in await house.actions()


async def test_a_change_of_the_drift_ends_an_ignoring(house: House) -> None:
    changed(house, A)
    await house.scan()
    (finding,) = await house.findings()
    await ignore(house.service, finding.id, reason="known", actor="ann")
    changed(house, A, size=7)
    await house.scan()
    assert await states(house) == {A: "open"}


async def test_other_drift_than_was_seen_is_not_ignored(house: House) -> None:
    changed(house, A)
    await house.scan()
    (seen,) = await house.findings()
    changed(house, A, size=10)
    await house.scan()
    (now,) = await house.findings()
    with pytest.raises(ConflictError) as refused:
        await ignore(house.service, now.id, reason="mine", actor="ann", report_id=seen.report_id)
    assert refused.value.code == "drift-changed"
    assert await states(house) == {A: "open"}
    await ignore(house.service, now.id, reason="mine", actor="ann", report_id=now.report_id)
    assert await states(house) == {A: "ignored"}


async def test_what_is_gone_or_critical_is_ignored_by_name_only(house: House) -> None:
    house.world.live.pop(A)
    await house.scan()
    (finding,) = await house.findings()
    with pytest.raises(ConflictError, match="is missing") as refused:
        await ignore(house.service, finding.id, reason="known", actor="ann")
    assert refused.value.code == "not-covered"
    both = replace(finding, severity=Severity.CRITICAL)
    await house.service.store.transact(lambda tx: tx.findings.put_many([both]))
    with pytest.raises(ConflictError, match="is missing and critical") as refused:
        await ignore(house.service, finding.id, reason="known", actor="ann")
    assert refused.value.remedy == (
        f"name it: trueup ignore {finding.id[:8]} --covers missing --covers critical --reason WHY"
    )
    critical = replace(finding, kind=Kind.CHANGED, severity=Severity.CRITICAL)
    await house.service.store.transact(lambda tx: tx.findings.put_many([critical]))
    with pytest.raises(ConflictError, match="is critical"):
        await ignore(house.service, finding.id, reason="known", actor="ann", covers=["missing"])
    await ignore(house.service, finding.id, reason="known", actor="ann", covers=["critical"])
    await unsuppress(house.service, finding.id, actor="ann")
    assert await states(house) == {A: "open"}


async def test_what_makes_no_sense_is_refused(house: House) -> None:
    with pytest.raises(NotFoundError):
        await ignore(house.service, FindingId("none"), reason="x", actor="ann")
    changed(house, A)
    await house.scan()
    (finding,) = await house.findings()
    with pytest.raises(InvalidError, match="is over"):
        await ignore(house.service, finding.id, reason="x", actor="ann", until=house.clock.now())
    await ignore(house.service, finding.id, reason="x", actor="ann")
    with pytest.raises(ConflictError, match="is not open"):
        await ignore(house.service, finding.id, reason="x", actor="ann")


async def test_notes_are_kept_in_the_audit_and_change_nothing(house: House) -> None:
    changed(house, A)
    await house.scan()
    (finding,) = await house.findings()
    for kind, text in (("ack", None), ("comment", "ticket OPS-12"), ("assign", "bob")):
        known = await note(house.service, finding.id, kind=kind, text=text, actor="ann")
        assert known == finding
    kept = await house.read(lambda view: view.audit.page(subject=finding.id))
    assert [(one.action, one.details["text"]) for one in kept.items] == [
        ("finding.assign", "bob"),
        ("finding.comment", "ticket OPS-12"),
        ("finding.ack", None),
    ]


@pytest.mark.parametrize("by", ["a person", "a rule"])
async def test_what_is_ignored_is_not_corrected_with_the_rest(house: House, by: str) -> None:
    await house.put(AUTO)
    house.limit(windows=(read_window("12:00-13:00 UTC"),))  # now is 10:00 UTC
    changed(house, A, B)
    await house.scan()
    await house.scan(seconds=31)
    (whole,) = await house.remediations(RemediationState.HELD)
    assert set(whole.addresses) == {A, B}
    if by == "a rule":
        house.service.ignores = (replace(KNOWN, address="thing.a"),)
        await house.scan(minutes=1)
    else:
        (finding,) = [one for one in await house.findings() if one.address == A]
        await ignore(house.service, finding.id, reason="the vendor", actor="ann")
        await house.settle()
    ended = await house.remediation(whole.id)
    assert ended.state is RemediationState.SUPERSEDED
    assert str(ended.note).startswith("divided: thing.a is ignored by")
    (rest,) = await house.remediations(RemediationState.HELD)
    assert (rest.addresses, rest.policy_id) == ((B,), whole.policy_id)
    house.clock.at = house.clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    await house.later(seconds=1)
    assert (house.world.live[A], house.world.live[B]) == ({"size": 9}, {"size": 1})


async def test_what_was_ignored_in_effect_is_left_out_of_the_next_attempt(house: House) -> None:
    await house.put(AUTO)
    changed(house, A, B)
    house.runner.fates.append(Fate.FAILS)
    await house.scan()
    await house.scan(seconds=31)
    (waiting,) = await house.remediations(RemediationState.QUEUED)
    assert waiting.attempts == 1
    (finding,) = [one for one in await house.findings() if one.address == A]
    # As if it had been ignored while the first attempt was at work.
    ignored = replace(finding, state=FindingState.IGNORED)
    await house.service.store.transact(lambda tx: tx.findings.put_many([ignored]))
    await house.later(seconds=31)
    assert (house.world.live[A], house.world.live[B]) == ({"size": 9}, {"size": 1})
    assert (await house.remediation(waiting.id)).state is RemediationState.SUPERSEDED
