from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.domain.cadence import is_due
from reconciler.domain.model import Kind, Severity, StackName
from reconciler.domain.policy import ActionType, Driver, Policy, PolicyId, Selection
from reconciler.domain.records import Health, TemplateId
from reconciler.stores import Store, Transaction
from tests.contract.store.records import (
    HOUR,
    NOW,
    WEBSHOP,
    a_derived_template,
    a_stack,
    a_template,
)
from tests.contract.store.writing import each

A_POLICY = Policy(PolicyId("p"), "p", ActionType.MANUAL_REVIEW)


async def test_stacks_are_kept_by_name(store: Store) -> None:
    fresh = a_stack("fresh", counts=None, health=Health.NEVER_RUN, interval=timedelta(seconds=10.5))
    failing = a_stack(error="no", error_since=NOW, adaptive=True)
    await each(store, lambda t, one: t.stacks.put(one), (a_stack(), fresh, failing))
    found = await store.read(lambda t: t.stacks.all())
    assert found == (fresh, failing)
    assert await store.transact(lambda t: t.stacks.remove(WEBSHOP))
    assert not await store.transact(lambda t: t.stacks.remove(WEBSHOP))
    assert await store.read(lambda t: t.stacks.get(WEBSHOP)) is None


async def test_stacks_are_due_as_the_domain_says_the_longest_overdue_first(store: Store) -> None:
    stacks = [
        a_stack("new", next_due_at=None),
        a_stack("now", next_due_at=NOW),
        a_stack("overdue", next_due_at=NOW - HOUR),
        a_stack("later", next_due_at=NOW + HOUR, last_scan_at=NOW),
        a_stack("scanned-tomorrow", next_due_at=NOW + 25 * HOUR, last_scan_at=NOW + 24 * HOUR),
        a_stack("a-program-s", next_due_at=None, source="embedded"),
    ]
    await each(store, lambda t, one: t.stacks.put(one), stacks)
    due = await store.read(lambda t: t.stacks.due(NOW))
    assert due == ("new", "overdue", "now", "scanned-tomorrow")
    assert set(due) == {stack.name for stack in stacks if is_due(stack, now=NOW)}


async def test_policies_are_asked_by_position_and_then_by_name(store: Store) -> None:
    full = Policy(
        policy_id=PolicyId("full"),
        name="b",
        action_type=ActionType.AUTO_CORRECT,
        selection=Selection(
            stack="web*",
            kind=Kind.MISSING,
            path="tags.*",
            min_severity=Severity.LOW,
            max_severity=Severity.HIGH,
        ),
        drift_threshold=Severity.HIGH,
        min_score=75,
        template_id="t1",
        script="fix.sh",
        driver=Driver.DETACH,
        edges=("aws_lb_*",),
        owner="ada",
        reason="why",
        starts_at=NOW,
        expires_at=NOW,
        source="config",
        position=1,
        version=3,
    )
    plain = Policy(PolicyId("plain"), "a", ActionType.QUARANTINE, position=1)
    first = Policy(PolicyId("zero"), "z", ActionType.MANUAL_REVIEW)
    await each(store, lambda t, one: t.policies.put(one), (full, plain, first))
    assert await store.read(lambda t: t.policies.all()) == (first, plain, full)
    assert await store.read(lambda t: t.policies.get("full")) == full
    assert await store.transact(lambda t: t.policies.remove("full"))
    assert await store.read(lambda t: t.policies.get("full")) is None
    assert not await store.transact(lambda t: t.policies.remove("full"))


async def test_a_template_keeps_every_revision(store: Store) -> None:
    first = a_template(applies_to=("webshop/*", "*/aws_sqs_queue.*"))
    second = replace(first, revision=2, template_definition={"delay_seconds": 9}, updated_at=NOW)
    await store.transact(lambda t: t.templates.put_many([first]))
    await store.transact(lambda t: t.templates.put_many([second]))
    assert await store.read(lambda t: t.templates.get(first.template_id)) == second
    revisions = await store.read(lambda t: t.templates.revisions(first.template_id))
    assert revisions == (second, first)


async def test_a_revision_that_was_seen_stays_as_it_was(store: Store) -> None:
    first = a_template()
    renamed = replace(first, name="renamed")
    await store.transact(lambda t: t.templates.put_many([first]))
    await store.transact(lambda t: t.templates.put_many([renamed]))
    assert await store.read(lambda t: t.templates.get(first.template_id)) == renamed
    assert await store.read(lambda t: t.templates.revisions(first.template_id)) == (first,)


async def test_derived_and_uploaded_templates_are_told_apart(store: Store) -> None:
    uploaded = a_template("up", applies_to=("*",))
    derived = [a_derived_template(f"aws_sqs_queue.{name}") for name in ("b", "a")]
    elsewhere = a_derived_template("aws_sqs_queue.a", "other")
    await store.transact(lambda t: t.templates.put_many([uploaded, *derived, elsewhere]))
    assert await store.read(lambda t: t.templates.uploaded()) == (uploaded,)
    assert await store.read(lambda t: t.templates.of_stack(WEBSHOP)) == tuple(reversed(derived))
    found = await store.read(lambda t: t.templates.of_resource("other/aws_sqs_queue.a"))
    assert found == elsewhere
    assert await store.read(lambda t: t.templates.of_resource("other/nothing")) is None


async def test_an_address_may_hold_slashes(store: Store) -> None:
    urn = "urn:pulumi:dev::shop::aws:sqs/queue:Queue::orders"
    template = a_derived_template(urn)
    await store.transact(lambda t: t.templates.put_many([template]))
    assert await store.read(lambda t: t.templates.of_stack(WEBSHOP)) == (template,)
    assert await store.read(lambda t: t.templates.of_stack(StackName("shop"))) == ()


async def test_a_removed_template_takes_its_history_with_it(store: Store) -> None:
    many = [a_template(f"t{number}") for number in range(1100)]
    await store.transact(lambda t: t.templates.put_many(many))
    ids = [one.template_id for one in many[1:]]
    removed = await store.transact(lambda t: t.templates.remove_many([*ids, TemplateId("no")]))
    assert removed == 1099
    assert await store.read(lambda t: t.templates.revisions(ids[0])) == ()
    assert (await store.read(lambda t: t.templates.page())).items == (many[0],)


async def test_a_list_of_templates_is_filtered_and_paged(store: Store) -> None:
    queues = [a_derived_template(f"aws_sqs_queue.q{number}") for number in range(5)]
    bucket = a_derived_template("aws_s3_bucket.b", "other", resource_type="aws_s3_bucket")
    await store.transact(lambda t: t.templates.put_many([*queues, bucket]))
    first = await store.read(lambda t: t.templates.page(stack="webshop", limit=4))
    rest = await store.read(lambda t: t.templates.page(stack="webshop", limit=4, cursor=first.next))
    assert (*first.items, *rest.items) == tuple(queues)
    assert rest.next is None
    page = await store.read(lambda t: t.templates.page(resource_type="aws_s3_bucket"))
    assert page.items == (bucket,)
    assert (await store.read(lambda t: t.templates.page(stack="none"))).items == ()


async def test_later_revisions_do_not_hide_each_other(store: Store) -> None:
    revisions = [
        a_template(revision=number, updated_at=NOW + HOUR * number) for number in range(1, 12)
    ]
    await store.transact(lambda t: t.templates.put_many(revisions))
    found = await store.read(lambda t: t.templates.revisions(TemplateId("t1")))
    assert found == tuple(reversed(revisions))


RULES: dict[str, tuple[Callable[[Transaction], object], bool]] = {
    "a policy is written": (lambda t: t.policies.put(A_POLICY), True),
    "a policy is removed": (lambda t: t.policies.remove("p"), True),
    "a template is uploaded": (lambda t: t.templates.put_many([a_template()]), True),
    "a template is removed": (lambda t: t.templates.remove_many([TemplateId("t1")]), True),
    "a template is derived": (lambda t: t.templates.put_many([a_derived_template("a")]), False),
    "a stack is written": (lambda t: t.stacks.put(a_stack()), False),
}


@pytest.mark.parametrize(("written", "rises"), RULES.values(), ids=RULES)
async def test_the_version_of_the_rules_rises_with_each_write_of_one(
    store: Store, written: Callable[[Transaction], object], *, rises: bool
) -> None:
    def made(t: Transaction) -> int:
        t.policies.put(A_POLICY)
        t.templates.put_many([a_template()])
        return t.rules.version()

    before = await store.transact(made)
    await store.transact(written)
    after = await store.read(lambda t: t.rules.version())
    assert (after > before) is rises
    assert after >= before


async def test_a_write_of_a_rule_that_is_taken_back_leaves_the_version(store: Store) -> None:
    def refused(t: Transaction) -> None:
        t.policies.put(A_POLICY)
        raise LookupError

    with pytest.raises(LookupError):
        await store.transact(refused)
    assert await store.read(lambda t: t.rules.version()) == 0
