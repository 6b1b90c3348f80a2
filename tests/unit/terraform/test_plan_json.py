"""What a plan's JSON becomes: nothing that would happen is lost, and no secret is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.plan_values import with_unknown
from iac_adapters.terraform.recorded_content import digests_of
from iac_adapters.terraform.recorder.planned_secrets import secret_paths
from iac_adapters.terraform.schema import Attribute, Block, NestedBlock, Nesting, ResourceSchema
from iac_adapters.terraform.unrecorded import unrecorded
from reconciler.domain.concerns import concerns
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan
from reconciler.domain.values import UNKNOWN, Sensitive
from tests.unit.terraform.schemas import LAWS

READER = PlanReader({}, SecretDigester(b"k" * 32))
SECRET = "hunter2-hunter2"


def entry(address: str = "a.b", **more: Any) -> dict[str, Any]:
    change = {
        "actions": more.pop("actions", ["update"]),
        "before": more.pop("before", {"x": 1}),
        "after": more.pop("after", {"x": 2}),
        **more.pop("change", {}),
    }
    return {"address": address, "mode": "managed", "type": "a", "change": change, **more}


def read(*entries: dict[str, Any], **more: Any) -> Plan:
    reader = replace(
        READER, **{name: more.pop(name) for name in ("digests_of_file", "recorded") if name in more}
    )
    document = {"resource_changes": list(entries), **more}
    return reader.plan(document, stack=StackName("s"), targets=(ResourceAddress("a.b"),))


def sides(plan: Plan) -> dict[str, tuple[Any, Any]]:
    return {c.path: (c.before, c.after) for resource in plan.resources for c in resource.changes}


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete"], Action.DELETE),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["forget"], Action.FORGET),
        (["create", "forget"], Action.OTHER),
        (["enchant"], Action.OTHER),
    ],
)
def test_every_action_is_told(actions: list[str], action: Action) -> None:
    assert [resource.action for resource in read(entry(actions=actions)).resources] == [action]


def test_what_stays_as_it_is_is_not_told() -> None:
    plan = read(
        entry("a.kept", actions=["no-op"]),
        entry("data.a.read", actions=["read"], mode="data"),
    )
    assert plan.empty


def test_a_move_or_an_import_is_more_than_a_correction() -> None:
    moved = entry("a.new", actions=["no-op"], previous_address="a.old")
    imported = entry("a.b", actions=["no-op"], change={"importing": {"id": "x"}})
    assert [(resource.address, resource.action) for resource in read(moved).resources] == [
        ("a.old", Action.OTHER)
    ]
    assert [resource.action for resource in read(imported).resources] == [Action.OTHER]


def test_two_objects_of_one_address_keep_their_names_apart() -> None:
    plan = read(
        entry("a.b", actions=["delete"], deposed="0badc0de"),
        entry("a.b", actions=["create"]),
        entry("a.c", actions=["update"], previous_address="a.b"),
    )
    assert [resource.address for resource in plan.resources] == [
        "a.b",
        "a.b (0badc0de)",
        "a.b (new)",
    ]


INVOKED = {
    "address": "action.aws_lambda_invoke.warm",
    "type": "aws_lambda_invoke",
    "config_values": {"payload": SECRET},
    "lifecycle_action_trigger": {
        "triggering_resource_address": "a.b",
        "action_trigger_event": "after_update",
    },
}


def test_an_action_that_is_invoked_is_shown_with_what_invokes_it() -> None:
    plan = read(entry(), action_invocations=[INVOKED])
    (invoked,) = [one for one in plan.resources if one.action is Action.INVOKE]
    assert invoked.address == INVOKED["address"]
    assert [change.after for change in invoked.changes] == ["after update of a.b"]
    assert SECRET not in repr(plan)
    assert "action.aws_lambda_invoke.warm would be invoked after update of a.b" in concerns(
        plan, ()
    )


def test_what_an_action_is_given_is_part_of_the_digest() -> None:
    other = {**INVOKED, "config_values": {"payload": "other"}}
    digests = {read(action_invocations=[one]).digest for one in (INVOKED, other)}
    assert len(digests) == 2


def test_an_action_of_an_unknown_form_is_not_overlooked() -> None:
    plan = read(action_invocations=[{"action_address": "action.a.b"}, {}])
    assert [(one.address, one.action) for one in plan.resources] == [
        ("action.a.b", Action.INVOKE),
        ("an action", Action.INVOKE),
    ]


def test_a_creation_whose_provisioner_no_state_records_is_told_as_new() -> None:
    block = {"mode": "managed", "type": "a", "name": "b", "provisioners": [{"type": "local-exec"}]}
    inner = {"module_calls": {"m": {"module": {"resources": [block]}}}}
    configuration = {"root_module": inner}
    made = entry("module.m[0].a.b", actions=["create"])
    kept = entry("module.m[0].a.b", after=None)
    plan = read(made, configuration=configuration)
    assert "provisioner" in {new.path for one in plan.resources for new in one.new}
    assert read(kept, configuration=configuration).resources[0].new == ()


def test_a_write_only_value_that_no_state_records_is_told_as_new() -> None:
    secret, plain = Attribute(None, write_only=True), Attribute(None)
    inner = NestedBlock(Nesting.LIST, Block(attributes={"pw_wo": secret}))
    block = Block(attributes={"pw_wo": secret, "x": plain}, blocks={"user": inner})
    code = {
        "mode": "managed",
        "type": "a",
        "name": "b",
        "expressions": {
            "pw_wo": {"references": ["var.pw"]},
            "x": {"constant_value": 2},
            "user": [{"pw_wo": {"constant_value": None}}, {"pw_wo": {"references": ["var.pw"]}}],
        },
    }
    document = {"configuration": {"root_module": {"resources": [code]}}}
    found = unrecorded(
        document,
        entry(),
        ResourceSchema(version=0, block=block),
        recorded={},
        digests_of_file=lambda _text: None,
    )
    assert [new.path for new in found] == ["pw_wo", "user[1].pw_wo"]


def test_outputs_that_change_are_named() -> None:
    outputs = {
        "kept": {"actions": ["no-op"]},
        "made": {"actions": ["create"]},
        "changed": {"actions": ["update"]},
    }
    assert read(output_changes=outputs).outputs == ("changed", "made")


@pytest.mark.parametrize("more", [{"errored": True}, {"deferred_changes": [{}]}])
def test_a_plan_that_is_not_whole_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(PermanentError):
        read(entry(), **more)


def test_a_plan_with_targets_is_never_complete_and_not_refused() -> None:
    assert not read(entry(), complete=False).empty


def test_only_what_differs_is_told_by_its_own_path() -> None:
    plan = read(
        entry(
            before={"a": 1, "tags": {"k.1": "x", "same": "y"}, "empty": "", "list": [{"p": 1}]},
            after={"a": 1, "tags": {"k.1": "z", "same": "y"}, "empty": None, "list": [{"p": 2}]},
        )
    )
    assert sides(plan) == {'tags["k.1"]': ("x", "z"), "list[0].p": (1, 2)}


def test_what_only_an_apply_can_tell_is_unknown() -> None:
    after = {"arn": None, "x": 1}
    plan = read(entry(before={"arn": "old", "x": 1}, after=after,
                      change={"after_unknown": {"arn": True}}))  # fmt: skip
    assert sides(plan) == {"arn": ("old", UNKNOWN)}
    assert with_unknown([{"a": 1}], [{"b": True}]) == [{"a": 1, "b": UNKNOWN}]


def test_a_secret_is_a_digest_wherever_it_stands() -> None:
    plan = read(
        entry(
            before={"password": SECRET, "copy": f"of {SECRET}", "map": {SECRET: "v"}},
            after={"password": "another-secret", "copy": "of another-secret", "map": {}},
            change={"before_sensitive": {"password": True}, "after_sensitive": {"password": True}},
        )
    )
    assert SECRET not in repr(plan)
    assert "another-secret" not in repr(plan)
    before, after = sides(plan)["password"]
    assert isinstance(before, Sensitive)
    assert isinstance(after, Sensitive)
    assert before != after


def test_secret_places_are_those_marked_true() -> None:
    tree = {"a": True, "b": [False, {"c": True}], "d": {"e": False}, "f": []}
    assert set(secret_paths(tree)) == {("a",), ("b", 1, "c")}
    assert list(secret_paths([True])) == [(0,)]
    assert list(secret_paths(None)) == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner,
                                                                max_size=3),
    max_leaves=8,
)  # fmt: skip
_ATTRIBUTES = st.dictionaries(st.sampled_from("abcd"), _VALUES, max_size=4)


@LAWS
@given(_ATTRIBUTES, _ATTRIBUTES)
def test_the_order_of_a_plan_means_nothing(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = entry("a.b", before=before, after=after), entry("a.c", actions=["delete"])
    turned = {
        **one,
        "change": {**one["change"], "before": dict(reversed(before.items()))},
    }
    assert read(one, other).digest == read(other, turned).digest


@LAWS
@given(_ATTRIBUTES, _ATTRIBUTES, _ATTRIBUTES)
def test_another_outcome_has_another_digest(
    before: dict[str, Any], after: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = (read(entry(before=before, after=one)) for one in (after, other))
    assert (first.digest == second.digest) == (first == second)


@LAWS
@given(_ATTRIBUTES)
def test_nothing_changed_is_no_change(values: dict[str, Any]) -> None:
    assert sides(read(entry(before=values, after=values))) == {}


@pytest.mark.parametrize(
    ("expressions", "told"),
    [
        ({"source": {}}, {"source (the file's content)"}),
        ({"source": {}, "source_hash": {}}, set()),
        ({"source": {}, "etag": {}}, set()),
        ({"name": {}}, set()),
    ],
)
def test_a_file_whose_content_no_state_records_is_told_as_new(
    expressions: dict[str, object], told: set[str]
) -> None:
    block = {"mode": "managed", "type": "a", "name": "b", "expressions": expressions}
    made = entry("a.b", actions=["create"], after={"source": "app.zip", "name": "none"})
    plan = read(
        made,
        configuration={"root_module": {"resources": [block]}},
        digests_of_file=lambda text: digests_of(b"an archive") if text == "app.zip" else None,
    )
    places = {new.path for resource in plan.resources for new in resource.new}
    assert {place for place in places if "content" in place} == told
