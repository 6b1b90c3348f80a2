"""What a correction would do, as its preview tells it: rows with a reason, and laws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given

from iac_adapters.pulumi.checkpoint import STACK_TYPE, StateResource
from iac_adapters.pulumi.events import Done
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.plan import PlanReader, Preview, unnamed
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.values import SECRET, SIGNATURE
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import RecordedResource, ResourceAddress, StackName, Status
from reconciler.domain.plan import Action, Plan
from reconciler.domain.values import Sensitive
from tests.unit.pulumi.raw import SECRETIVE_PROPERTIES, secret

TYPE: Final = "shop:index:Thing"
URN: Final = f"urn:pulumi:dev::shop::{TYPE}::web"
ADDRESS: Final = ResourceAddress(URN)
STACK_URN: Final = f"urn:pulumi:dev::shop::{STACK_TYPE}::shop-dev"
INPUTS: Final = {"value": "v", "size": 3}
MASKER: Final = SecretDigester(b"k" * 32)


def loaded(
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    **content: Any,
) -> LoadedResource:
    """Return a resource that is recorded with `inputs`, which the program asks for as well."""
    inputs = INPUTS if inputs is None else inputs
    outputs = inputs if outputs is None else outputs
    return LoadedResource(
        recorded_as=RecordedResource(ADDRESS, TYPE, Status.LIVE),
        state=StateResource(URN, TYPE, True, "web-1", inputs, outputs, "", "", content),  # noqa: FBT003 - custom
        recorded=Recorded("web-1", inputs, outputs),
        wanted=inputs,
    )


def step(op: str, new: Mapping[str, Any] | None = None, *, stage: str = "outputs") -> Done:
    """Return a step as the events tell it; `new` are the inputs that will be."""
    told = None if new is None else {"inputs": new}
    return Done(stage, op, URN, TYPE, {"op": op, "urn": URN, "type": TYPE, "new": told})


def saved(
    *steps: str,
    changed: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    custom: bool = True,
    seed: str = "one",
) -> dict[str, Any]:
    """Return one resource's part of a saved plan."""
    difference = {"updates": dict(changed or {})}
    goal = {"type": TYPE, "custom": custom, "inputDiff": difference}
    return {"goal": goal, "steps": list(steps), "state": dict(state or {}), "seed": seed}


def ciphered(text: str) -> dict[str, str]:
    """Return a secret as a plan made with `--show-secrets` holds it."""
    return {SIGNATURE: SECRET, "plaintext": json.dumps(text)}


def planned(
    part: Mapping[str, Any],
    *steps: Done,
    resource: LoadedResource | None = None,
    live: Mapping[str, Any] | None = None,
    tools: str = "3.259.0",
) -> Plan:
    resources = {ADDRESS: resource} if resource is not None else {}
    answers = {} if live is None else {URN: ReadAnswer("web-1", live, None)}
    content = json.dumps({"resourcePlans": {URN: part}}).encode()
    preview = Preview(steps, {URN: part}, content, answers)
    reader = PlanReader(resources, MASKER, tools)
    return reader.plan(preview, stack=StackName("shop"), targets=(ADDRESS,))


def changes(plan: Plan) -> dict[str, tuple[object, object]]:
    (resource,) = plan.resources
    return {str(change.path): (change.before, change.after) for change in resource.changes}


def new(plan: Plan) -> dict[str, tuple[object, object]]:
    (resource,) = plan.resources
    return {str(one.path): (one.recorded, one.planned) for one in resource.new}


def test_an_update_says_what_it_overwrites_and_with_what() -> None:
    steps = (step("refresh", {**INPUTS, "value": "x"}), step("update", INPUTS))
    plan = planned(saved("update"), *steps, resource=loaded(), live={**INPUTS, "value": "x"})
    (resource,) = plan.resources
    assert (resource.action, resource.new) == (Action.UPDATE, ())
    assert changes(plan) == {"value": ("x", "v")}


def test_what_the_code_asks_for_beyond_the_last_update_is_new() -> None:
    plan = planned(
        saved("update", changed={"size": 9}),
        step("update", {**INPUTS, "size": 9}),
        resource=loaded(),
        live={**INPUTS, "value": "x"},
    )
    assert new(plan) == {"size": (3, 9)}
    assert changes(plan) == {"value": ("x", "v"), "size": (3, 9)}


def test_what_nothing_records_is_new() -> None:
    plan = planned(saved("create", changed=INPUTS), step("create", INPUTS))
    assert new(plan) == {"": (None, INPUTS)}
    assert changes(plan) == {"value": (None, "v"), "size": (None, 3)}


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (saved("same"), "nothing is done about it"),
        (saved("read"), "it is only looked at"),
        (saved("create", custom=False), "a component has no object"),
    ],
)
def test_what_touches_no_object_is_not_in_the_plan(part: dict[str, Any], reason: str) -> None:
    assert planned(part, step("same", INPUTS), resource=loaded()).empty, reason


@pytest.mark.parametrize(
    ("steps", "action"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["create-replacement", "replace", "delete-replaced"], Action.REPLACE),
        (["delete"], Action.DELETE),
        (["import"], Action.OTHER),
        (["something-new"], Action.OTHER),
    ],
)
def test_steps_are_told_in_one_word(steps: list[str], action: Action) -> None:
    told = (step(one, INPUTS) for one in steps)
    plan = planned(saved(*steps), *told, resource=loaded(), live=INPUTS)
    assert [resource.action for resource in plan.resources] == [action]


def test_a_replacement_is_judged_by_the_new_object_and_not_by_the_end_of_the_old() -> None:
    names = ("create-replacement", "replace", "delete-replaced")
    steps = (step(name, None if name == "delete-replaced" else INPUTS) for name in names)
    plan = planned(saved(*names), *steps, resource=loaded(), live={**INPUTS, "value": "x"})
    assert not plan.resources[0].new


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("web-1a2b3c4", "web-*", "the name Pulumi gives"),
        ("web-1a2b3c", "web-1a2b3c", "too short"),
        ("web-1a2b3c45", "web-1a2b3c45", "too long"),
        ("web-1A2B3C4", "web-1A2B3C4", "Pulumi writes small letters"),
        ("web-production", "web-production", "a word is no number"),
        ("db-1a2b3c4", "db-1a2b3c4", "another's name"),
        ("my-web-1a2b3c4", "my-web-1a2b3c4", "only ends like it"),
        ("web-1a2b3c4-x", "web-1a2b3c4-x", "only begins like it"),
    ],
)
def test_of_names_that_pulumi_gives_the_random_end_is_left_out(
    text: str, expected: str, reason: str
) -> None:
    nested = {"a": [text, {"b": text}], text: 1}
    assert unnamed(nested, URN) == {"a": [expected, {"b": expected}], text: 1}, reason


def test_a_name_is_taken_by_the_letter() -> None:
    urn = URN.replace("::web", "::a.b(c")
    assert unnamed("a.b(c-1a2b3c4", urn) == "a.b(c-*"
    assert unnamed("axb(c-1a2b3c4", urn) == "axb(c-1a2b3c4"


def test_each_preview_rolls_another_name_and_the_digest_stays() -> None:
    def made(name: str, seed: str, size: int = 3) -> Plan:
        inputs = {"size": size, "name": name}
        part = saved("create", changed=inputs, state={"name": name}, seed=seed)
        return planned(part, step("create", inputs), resource=loaded({**inputs, "name": "web-0"}))

    first, second = made("web-1a2b3c4", "one"), made("web-fffffff", "two")
    assert first.digest == second.digest
    assert first.digest != made("web-1a2b3c4", "one", size=4).digest
    assert first.digest != made("other-1a2b3c4", "one").digest


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"part": saved("update", state={"secret": ciphered("CANARY-two")})}, "another secret"),
        ({"part": saved("update", state={"etag": "2"})}, "another planned state"),
        ({"live": {**INPUTS, "value": "y"}}, "another value is overwritten"),
        ({"live": {**INPUTS, "value": "x", "word": secret("CANARY-b")}}, "another live secret"),
        ({"tools": "3.260.0"}, "it is for these programs"),
    ],
)
def test_a_digest_stands_for_both_sides_and_the_programs(
    changed: dict[str, Any], reason: str
) -> None:
    resource = loaded({**INPUTS, "word": secret("CANARY-a")})
    given: dict[str, Any] = {
        "part": saved("update", state={"secret": ciphered("CANARY-one")}),
        "live": {**INPUTS, "value": "x", "word": secret("CANARY-a")},
        "tools": "3.259.0",
    }

    def made(given: dict[str, Any]) -> Plan:
        steps = (step("update", {**INPUTS, "word": "[secret]"}),)
        return planned(
            given["part"], *steps, resource=resource, live=given["live"], tools=given["tools"]
        )

    assert made(given).digest == made(given).digest
    assert made(given).digest != made({**given, **changed}).digest, reason


def test_what_is_masked_in_the_events_is_as_the_program_asks_for_it() -> None:
    resource = loaded({**INPUTS, "word": secret("CANARY-a"), "map": {"k": secret("CANARY-b")}})
    redacted = {**INPUTS, "word": "[secret]", "map": {"k": "[secret]"}}
    live = {**INPUTS, "value": "x", "word": "CANARY-a", "map": {"k": "CANARY-b"}}
    plan = planned(saved("update"), step("update", redacted), resource=resource, live=live)
    assert not plan.resources[0].new
    assert changes(plan) == {"value": ("x", "v")}


@pytest.mark.parametrize("outputs", [{"word": secret("CANARY-word")}, {}])
def test_what_its_provider_called_secret_is_not_told_when_it_is_made_again(
    outputs: dict[str, Any],
) -> None:
    inputs = {"word": "CANARY-word", "copy": "with CANARY-word in it"}
    resource = loaded(inputs, {**inputs, **outputs}, additionalSecretOutputs=["word"])
    plan = planned(saved("create", changed=inputs), step("create", inputs), resource=resource)
    assert "CANARY" not in repr(plan)
    assert {type(after) for _, after in changes(plan).values()} == {Sensitive}


@given(SECRETIVE_PROPERTIES, SECRETIVE_PROPERTIES, SECRETIVE_PROPERTIES)
def test_no_secret_is_in_any_plan(
    recorded: Mapping[str, Any], live: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    resource = loaded(recorded)
    for op in ("create", "update"):
        plan = planned(saved(op, changed={}), step(op, wanted), resource=resource, live=live)
        assert "CANARY" not in repr(plan)


def stack_outputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    told = {"old": {"outputs": old}, "new": {"outputs": new}}
    done = Done("outputs", "same", STACK_URN, STACK_TYPE, told)
    return planned(saved("same"), done).outputs


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, ()),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ("b",)),
        ({"a": 1}, {}, ("a",)),
        ({}, {"a": 1}, ("a",)),
        ({"a": 1}, {"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, ()),
    ],
    ids=["same", "changed", "gone", "new", "unknown"],
)
def test_outputs_that_would_change_are_named(
    old: dict[str, Any], new: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert stack_outputs(old, new) == expected
