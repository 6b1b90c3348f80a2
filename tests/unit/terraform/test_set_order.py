"""The order of a set reaches no path, fingerprint or digest; the order of a list does."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.asked import Asked
from iac_adapters.terraform.cty import ListOf, MapOf, ObjectOf, Primitive, SetOf
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.judge import judge
from iac_adapters.terraform.new_values import Comparison, RecordedObject
from iac_adapters.terraform.plan_json import PlanReader
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import (
    Attribute,
    Block,
    NestedAttributes,
    NestedBlock,
    Nesting,
    ResourceSchema,
)
from iac_adapters.terraform.schema_answer import HeldAnswer, ProviderSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.model import Drifted, Kind, Noise, ResourceAddress, StackName, Verdict
from reconciler.domain.plan import Plan
from tests.unit.terraform.schemas import LAWS, schema_and_three_values, shuffled

_DIGESTER = SecretDigester(b"k" * 32)
_TEXT = Primitive.STRING
_MX = Block(
    {
        "exchange": Attribute(_TEXT, required=True),
        "preference": Attribute(Primitive.NUMBER, required=True),
        "aliases": Attribute(SetOf(_TEXT), optional=True),
    }
)
_SCHEMA = ResourceSchema(
    0,
    Block(
        {
            "nested": Attribute(None, NestedAttributes(Nesting.SET, _MX), optional=True),
            "by_name": Attribute(None, NestedAttributes(Nesting.MAP, _MX), optional=True),
            "numbers": Attribute(SetOf(Primitive.NUMBER), optional=True),
            "lists_of_sets": Attribute(ListOf(SetOf(_TEXT)), optional=True),
            "sets_of_sets": Attribute(SetOf(SetOf(_TEXT)), optional=True),
            "sets_of_maps": Attribute(SetOf(MapOf(_TEXT)), optional=True),
            "hidden": Attribute(
                SetOf(ObjectOf({"key": _TEXT, "of": SetOf(_TEXT)})), optional=True, sensitive=True
            ),
            "steps": Attribute(ListOf(ObjectOf({"do": _TEXT})), optional=True),
            "words": Attribute(ListOf(_TEXT), optional=True),
        },
        {"mx": NestedBlock(Nesting.SET, _MX)},
    ),
)
_ADDRESS = ResourceAddress("dns_mx_record_set.a")


def mx(exchange: str, preference: int, *aliases: str) -> dict[str, Any]:
    return {"exchange": exchange, "preference": preference, "aliases": [*aliases]}


def an_object(**more: Any) -> dict[str, Any]:
    return {
        "nested": [mx("a", 1, "x", "y"), mx("b", 2), mx("c", 3, "z")],
        "by_name": {"k": mx("a", 1, "p", "q")},
        "numbers": [10, 9, 100],
        "lists_of_sets": [["a", "b"], ["c", "d"]],
        "sets_of_sets": [["a", "b"], ["c"], []],
        "sets_of_maps": [{"k": "1", "l": "2"}, {"m": "1"}],
        "hidden": [{"key": "first-secret", "of": ["u", "v"]}, {"key": "other-secret", "of": []}],
        "steps": [{"do": "x"}, {"do": "y"}],
        "words": ["a", "b"],
        "mx": [mx("a", 1, "x", "y"), mx("b", 2), mx("c", 3)],
        **more,
    }


_LIVE = an_object(
    nested=[mx("a", 1, "x", "y"), mx("b", 9), mx("new", 7), mx("c", 3, "z", "w")],
    by_name={"k": mx("a", 1, "p"), "l": mx("b", 2, "x", "y")},
    numbers=[9, 100, 11],
    lists_of_sets=[["a", "b"], ["c", "e"]],
    sets_of_sets=[["a", "b", "n"], ["c"]],
    sets_of_maps=[{"k": "1", "l": "3"}, {"m": "1"}],
    hidden=[{"key": "first-secret", "of": ["u", "v", "w"]}],
    mx=[mx("a", 1, "x"), mx("d", 4, "q", "r"), mx("c", 3)],
)


def verdict(
    schema: ResourceSchema, live: Any, planned: Any, recorded: Any, config: Any = None
) -> Verdict:
    return judge(
        schema,
        planned=planned,
        live=live,
        recorded=recorded,
        config=recorded if config is None else config,
        ignored=IgnoreRules(),
        requires_replace=(),
        digester=_DIGESTER,
        sensitive_paths=(),
    )


def identity(found: Verdict) -> str:
    assert isinstance(found, Drifted)
    return fingerprint(Identity(_ADDRESS, Kind.CHANGED, found.changes), key=b"key")


def paths(found: Verdict) -> list[str]:
    assert isinstance(found, Drifted)
    return [change.path for change in found.changes]


@LAWS
@given(schema_and_three_values(), st.randoms(use_true_random=False))
def test_neither_a_verdict_nor_what_code_asks_for_depends_on_the_order_of_any_set(
    case: tuple[ResourceSchema, Any, Any, Any], chance: Random
) -> None:
    schema, *sides = case
    other = [shuffled(side, schema.type, chance) for side in sides]
    assert verdict(schema, *sides) == verdict(schema, *other)
    assert Asked(schema, *sides).places() == Asked(schema, *other).places()
    assert Asked(schema, *sides).sides() == Asked(schema, *other).sides()


def test_noise_does_not_depend_on_the_order_of_elements_that_mean_the_same() -> None:
    attribute = Attribute(SetOf(MapOf(Primitive.STRING)), optional=True, computed=True)
    schema = ResourceSchema(0, Block({"a": attribute}))
    absent: Any = {"a": None}
    first, second = [{"k": None}, {"l": None}], [{"l": None}, {"k": None}]
    found = verdict(schema, absent, absent, {"a": first})
    assert isinstance(found, Noise)
    assert found == verdict(schema, absent, absent, {"a": second})


@LAWS
@given(st.randoms(use_true_random=False))
def test_a_fingerprint_does_not_depend_on_the_order_of_any_set(chance: Random) -> None:
    sides = (_LIVE, an_object(), an_object())
    other = [shuffled(side, _SCHEMA.type, chance) for side in sides]
    one, two = verdict(_SCHEMA, *sides), verdict(_SCHEMA, *other)
    assert (paths(one), identity(one), one) == (paths(two), identity(two), two)


@LAWS
@given(st.randoms(use_true_random=False))
def test_a_permutation_alone_is_in_sync(chance: Random) -> None:
    sides = [shuffled(an_object(), _SCHEMA.type, chance) for _ in range(4)]
    assert type(verdict(_SCHEMA, *sides)).__name__ == "InSync"


def test_the_order_of_a_list_is_drift() -> None:
    live = an_object(steps=[{"do": "y"}, {"do": "x"}], words=["b", "a"])
    assert paths(verdict(_SCHEMA, live, an_object(), an_object())) == [
        "steps[0].do",
        "steps[1].do",
        "words",
    ]


def test_an_index_is_that_of_the_recorded_element_however_much_is_added() -> None:
    recorded = an_object(mx=[mx("m", 1), mx("z", 2)])
    live = an_object(mx=[mx("a", 5), mx("b", 6), mx("z", 3), mx("m", 1)])
    assert paths(verdict(_SCHEMA, live, recorded, recorded)) == [
        "mx[1].preference",
        "mx[2]",
        "mx[3]",
    ]


class _OneType(ProviderSchema):
    def resource(self, type_name: str) -> ResourceSchema | None:
        return _SCHEMA if type_name == "t" else None


def _read(before: Any, after: Any) -> Plan:
    schemas = {"p": _OneType(6, HeldAnswer(b""))}
    entry = {
        "address": _ADDRESS,
        "mode": "managed",
        "type": "t",
        "provider_name": "p",
        "change": {"actions": ["update"], "before": before, "after": after},
    }
    reader = PlanReader(schemas, _DIGESTER, recorded={_ADDRESS: _recorded(after)})
    return reader.plan({"resource_changes": [entry]}, stack=StackName("s"), targets=(_ADDRESS,))


def _recorded(values: Any) -> RecordedObject:
    return RecordedObject(values, config=values, applied=True, dependencies=frozenset())


@LAWS
@given(st.randoms(use_true_random=False))
def test_a_plans_digest_does_not_depend_on_the_order_of_any_set(chance: Random) -> None:
    one = _read(_LIVE, an_object())
    two = _read(*(shuffled(side, _SCHEMA.type, chance) for side in (_LIVE, an_object())))
    assert (one.digest, one) == (two.digest, two)
    assert one.resources[0].changes


@LAWS
@given(st.randoms(use_true_random=False))
def test_what_is_new_in_a_plan_does_not_depend_on_the_order_of_any_set(chance: Random) -> None:
    def found(planned: Any, before: Any, recorded: Any) -> Any:
        comparison = Comparison(_SCHEMA, planned, before, _recorded(recorded))
        return comparison.new_values(secrets_of(_SCHEMA, ()), _DIGESTER)

    sides = (an_object(mx=[mx("n", 1), mx("a", 2)]), _LIVE, an_object())
    other = [shuffled(side, _SCHEMA.type, chance) for side in sides]
    assert found(*sides) == found(*other) != ()


def test_a_plan_names_an_element_by_the_index_that_the_finding_has() -> None:
    recorded = an_object(mx=[mx("m", 1), mx("z", 2)])
    live = an_object(mx=[mx("a", 5), mx("z", 3)])
    found = verdict(_SCHEMA, live, recorded, recorded)
    planned = {**recorded, "mx": [mx("m", 1), mx("z", 8)]}
    new = Comparison(_SCHEMA, planned, live, _recorded(recorded)).new_values(
        secrets_of(_SCHEMA, ()), _DIGESTER
    )
    assert "mx[1].preference" in paths(found)
    assert [value.path for value in new] == ["mx[1].preference"]


@LAWS
@given(schema_and_three_values(unknown=True), st.randoms(use_true_random=False))
def test_unknown_places_do_not_depend_on_the_order_of_any_set(
    case: tuple[ResourceSchema, Any, Any, Any], chance: Random
) -> None:
    schema, config, recorded, live = case
    mixed = [shuffled(side, schema.type, chance) for side in (config, recorded)]
    assert verdict(schema, live, config, recorded) == verdict(schema, live, *mixed)


_DYNAMIC = ResourceSchema(0, Block({"any": Attribute(Primitive.DYNAMIC, optional=True)}))


@LAWS
@given(st.permutations(["a", "b", "c"]), st.permutations([["x", "y"], ["z"]]))
def test_a_set_inside_a_dynamic_value_has_one_order(
    texts: list[str], sets: list[list[str]]
) -> None:
    def wire(names: list[str], groups: list[list[str]]) -> bytes:
        given_type = ["object", {"names": ["set", "string"], "groups": ["set", ["set", "string"]]}]
        value = {"names": names, "groups": groups}
        packed: bytes = msgpack.packb({"any": [json.dumps(given_type).encode(), value]})
        return packed

    one = decode(wire(["a", "b", "c"], [["x", "y"], ["z"]]), _DYNAMIC)
    two = decode(wire(texts, [sets[1][::-1], sets[0][::-1]]), _DYNAMIC)
    assert one == two
    assert type(verdict(_DYNAMIC, two, one, one)).__name__ == "InSync"


def test_a_list_inside_a_dynamic_value_keeps_its_order() -> None:
    packed = msgpack.packb({"any": [b'["list","string"]', ["b", "a"]]})
    assert decode(packed, _DYNAMIC) == {"any": ["b", "a"]}


def test_sides_are_left_as_they_were_given() -> None:
    live, recorded = shuffled(_LIVE, _SCHEMA.type, Random(7)), an_object()
    kept = json.dumps([live, recorded])
    verdict(_SCHEMA, live, recorded, recorded)
    assert json.dumps([live, recorded]) == kept
