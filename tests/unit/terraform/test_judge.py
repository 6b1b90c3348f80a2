from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.cty import MapOf, Primitive, SetOf
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.judge import IGNORED, judge
from iac_adapters.terraform.schema import (
    Attribute,
    Block,
    Nested,
    NestedBlock,
    Nesting,
    ResourceSchema,
)
from reconciler.domain.compare import align, aligned_paths, same, value_at
from reconciler.domain.model import Drifted, InSync, Noise, Origin, Verdict
from reconciler.domain.noise import COMPUTED, NULL_OR_EMPTY, STALE, UNCHANGED
from reconciler.domain.origin import is_empty, origin_of
from reconciler.domain.paths import Steps
from reconciler.domain.values import UNKNOWN, Sensitive

from .schemas import LAWS, schema_and_two_values, schema_and_value

_TEXT = Primitive.STRING
_RULE = Block(
    {
        "port": Attribute(Primitive.NUMBER, required=True),
        "cidrs": Attribute(SetOf(_TEXT), optional=True),
        "proto": Attribute(_TEXT, optional=True),
    }
)
_SCHEMA = ResourceSchema(
    0,
    Block(
        {
            "name": Attribute(_TEXT, optional=True),
            "note": Attribute(_TEXT, optional=True),
            "tags": Attribute(MapOf(_TEXT), optional=True),
            "tags_all": Attribute(MapOf(_TEXT), optional=True, computed=True),
            "script": Attribute(_TEXT, optional=True, computed=True),
            "version": Attribute(Primitive.NUMBER, computed=True),
            "secret": Attribute(_TEXT, optional=True, sensitive=True),
            "secrets": Attribute(MapOf(_TEXT), optional=True, sensitive=True),
            "token": Attribute(_TEXT, optional=True, write_only=True),
        },
        {"rule": NestedBlock(Nesting.SET, _RULE)},
    ),
)
_MASKER = SecretDigester(b"k" * 32)
_PLAIN: dict[str, Any] = {
    "name": "n",
    "note": None,
    "tags": {"a": "1"},
    "tags_all": {"a": "1", "owner": "ops"},
    "version": 1,
    "secret": "old-secret-value",
    "secrets": {"user": "hidden-value"},
    "token": None,
    "rule": [],
}
_CONFIG = {**_PLAIN, "tags_all": None, "version": None}


def _judge(
    *,
    live: dict[str, Any] | None = None,
    planned: dict[str, Any] | None = None,
    recorded: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    **others: Any,
) -> Verdict:
    given_others: dict[str, Any] = {
        "ignored": IgnoreRules(),
        "requires_replace": (),
        "sensitive_paths": (),
        **others,
    }
    return judge(
        _SCHEMA,
        planned={**_PLAIN, **(planned or {})},
        live={**_PLAIN, **(live or {})},
        recorded={**_PLAIN, **(recorded or {})},
        config={**_CONFIG, **(config or {})},
        digester=_MASKER,
        **given_others,
    )


def _drifted(verdict: Verdict) -> Drifted:
    assert isinstance(verdict, Drifted)
    return verdict


def _reasons(verdict: Verdict) -> dict[str, str]:
    assert isinstance(verdict, Noise)
    return {item.path: item.reason for item in verdict.items}


@LAWS
@given(schema_and_value(unknown=False))
def test_equal_on_every_side_is_in_sync(case: tuple[ResourceSchema, Any]) -> None:
    schema, value = case
    verdict = judge(
        schema,
        planned=value,
        live=value,
        recorded=value,
        config=value,
        ignored=IgnoreRules(),
        requires_replace=(),
        digester=_MASKER,
        sensitive_paths=(),
    )
    assert verdict == InSync()


@pytest.mark.parametrize(
    ("live", "planned", "recorded", "origin"),
    [
        ("l", "d", "d", Origin.OUT_OF_BAND),
        ("r", "d", "r", Origin.UNAPPLIED),
        ("l", "d", "r", Origin.BOTH),
        ("l", None, None, Origin.OUT_OF_BAND),
        ("l", None, "", Origin.OUT_OF_BAND),
        ("l", UNKNOWN, "l", Origin.UNAPPLIED),
        ("l", UNKNOWN, "r", Origin.BOTH),
    ],
)
def test_who_moved(live: Any, planned: Any, recorded: Any, origin: Origin) -> None:
    verdict = _drifted(
        _judge(
            live={"name": live},
            planned={"name": planned},
            recorded={"name": recorded},
            config={"name": planned},
        )
    )
    (change,) = verdict.changes
    assert (change.path, change.origin) == ("name", origin)
    assert (change.declared, change.recorded, change.live) == (planned, recorded, live)


@pytest.mark.parametrize(
    ("recorded", "live", "config", "others", "expected"),
    [
        ({"name": "r"}, {"name": "l"}, {"name": "l"}, {}, {"name": STALE}),
        ({"name": "r"}, {"name": "l"}, {"name": "c"}, {}, {"name": UNCHANGED}),
        ({"version": 1}, {"version": 2}, {}, {}, {"version": COMPUTED}),
        (
            {"tags": {"a": "1"}},
            {"tags": {"a": "2"}},
            {"tags": {"a": "2"}},
            {"ignored": IgnoreRules(paths=(("tags", "a"),))},
            {"tags.a": IGNORED},
        ),
        ({"name": "r"}, {"name": "l"}, {}, {"ignored": IgnoreRules(all=True)}, {"name": IGNORED}),
    ],
)
def test_noise_has_a_reason(
    recorded: dict[str, Any],
    live: dict[str, Any],
    config: dict[str, Any],
    others: dict[str, Any],
    expected: dict[str, str],
) -> None:
    verdict = _judge(live=live, planned=live, recorded=recorded, config=config, **others)
    assert _reasons(verdict) == expected


@pytest.mark.parametrize("recorded", [{"note": None, "tags": None}, {"note": "", "tags": {}}])
@pytest.mark.parametrize("live", [{"note": None, "tags": None}, {"note": "", "tags": {}}])
def test_what_no_reader_can_tell_apart_is_in_sync(
    recorded: dict[str, Any], live: dict[str, Any]
) -> None:
    assert _judge(live=live, planned=live, recorded=recorded, config={}) == InSync()


def test_what_the_provider_derives_is_a_consequence() -> None:
    live = {"tags": {"a": "2"}, "tags_all": {"a": "2", "owner": "ops"}, "version": 2}
    verdict = _drifted(_judge(live=live, planned={"version": UNKNOWN}))
    assert [change.path for change in verdict.changes] == ["tags.a"]
    assert [change.path for change in verdict.consequences] == ["tags_all.a", "version"]


def test_what_was_moved_stays_a_cause_beside_another_change() -> None:
    moved = {"script": "evil"}
    sides: dict[str, Any] = {"recorded": {"script": "good"}, "planned": {"script": "good"}}
    alone = _drifted(_judge(live=moved, **sides, config={}))
    beside = _drifted(_judge(live={**moved, "name": "x"}, **sides, config={"name": "n"}))
    assert [change.path for change in alone.changes] == ["script"]
    assert [change.path for change in beside.changes] == ["name", "script"]
    assert beside.consequences == ()


def test_somebody_is_always_the_cause() -> None:
    verdict = _drifted(_judge(live={"tags_all": {"a": "1"}}, planned={"version": UNKNOWN}))
    assert [change.path for change in verdict.changes] == ["tags_all.owner"]
    assert [change.path for change in verdict.consequences] == ["version"]
    unknown_only = _drifted(_judge(planned={"version": UNKNOWN}))
    assert [change.path for change in unknown_only.changes] == ["version"]


def test_what_the_code_cannot_say_yet_is_a_cause_and_not_applied() -> None:
    verdict = _drifted(
        _judge(
            planned={"name": UNKNOWN, "version": UNKNOWN},
            config={"name": UNKNOWN},
            requires_replace=(("name",),),
        )
    )
    assert [(c.path, c.origin) for c in verdict.changes] == [("name", Origin.UNAPPLIED)]
    assert [change.path for change in verdict.consequences] == ["version"]
    assert verdict.requires_replace


def test_empty_written_for_null_beside_a_real_change_is_noise() -> None:
    verdict = _drifted(_judge(live={"name": "x", "note": ""}, recorded={"note": ""}))
    assert [change.path for change in verdict.changes] == ["name"]
    assert [(item.path, item.reason) for item in verdict.noise] == [("note", NULL_OR_EMPTY)]


@pytest.mark.parametrize("recorded", [False, 0, ""])
def test_a_zero_value_read_back_for_what_the_code_leaves_out_is_no_change_of_code(
    recorded: Any,
) -> None:
    assert origin_of(None, recorded, "l") is Origin.OUT_OF_BAND
    assert origin_of(None, "r", "l") is Origin.BOTH


def test_code_that_is_applied_cannot_be_what_moved() -> None:
    verdict = _drifted(
        _judge(live={"name": "l"}, planned={"name": "d"}, recorded={"name": "r"}, applied=True)
    )
    assert [change.origin for change in verdict.changes] == [Origin.OUT_OF_BAND]


def test_what_is_planned_along_with_a_cause_is_its_consequence() -> None:
    sides: dict[str, Any] = {"live": {"name": "l"}, "planned": {"note": "echo"}}
    applied = _drifted(_judge(**sides, applied=True))
    assert [change.path for change in applied.changes] == ["name"]
    assert [change.path for change in applied.consequences] == ["note"]
    edited = _drifted(_judge(**sides, applied=False))
    assert [change.path for change in edited.changes] == ["name", "note"]


def test_elements_of_sets_are_brought_together_on_all_sides() -> None:
    web = {"port": 443, "cidrs": ["a", "b"], "proto": "tcp"}
    ssh = {"port": 22, "cidrs": ["c"], "proto": "tcp"}
    opened = {**ssh, "cidrs": ["0.0.0.0/0"]}
    verdict = _drifted(
        _judge(
            live={"rule": [opened, {**web, "cidrs": ["b", "a"]}]},
            planned={"rule": [web, ssh]},
            recorded={"rule": [ssh, web]},
            config={"rule": [web, ssh]},
        )
    )
    (change,) = verdict.changes
    assert change.path == "rule[1].cidrs", "as `terraform show -json` numbers them"
    assert (change.declared, change.recorded, change.live) == (["c"], ["c"], ["0.0.0.0/0"])
    assert change.origin is Origin.OUT_OF_BAND


def test_an_added_and_a_removed_element_have_null_on_the_other_side() -> None:
    web = {"port": 443, "cidrs": ["a"], "proto": "tcp"}
    other = {"port": 53, "cidrs": ["z"], "proto": "udp"}
    sides = {"planned": {"rule": [web]}, "recorded": {"rule": [web]}, "config": {"rule": [web]}}
    added = _drifted(_judge(live={"rule": [web, other]}, **sides)).changes
    assert [(c.path, c.declared, c.live) for c in added] == [("rule[1]", None, other)]
    removed = _drifted(_judge(live={"rule": []}, **sides)).changes
    assert [(c.path, c.declared, c.recorded, c.live) for c in removed] == [
        ("rule[0]", web, web, None)
    ]


@pytest.mark.parametrize("replacing", [(("name",),), (("tags",),), (("note",), ("name",))])
def test_replacement_is_marked_where_it_comes_from(replacing: tuple[Steps, ...]) -> None:
    verdict = _drifted(_judge(live={"name": "x", "tags": {"a": "2"}}, requires_replace=replacing))
    marked = {change.path for change in verdict.changes if change.forces_replacement}
    assert marked == ({"name"} if ("name",) in replacing else {"tags.a"})
    assert verdict.requires_replace
    assert not _drifted(_judge(live={"name": "x"}, requires_replace=(("note",),))).requires_replace


def test_secrets_become_digests_that_can_be_told_apart() -> None:
    verdict = _drifted(_judge(live={"secret": "new-secret-value"}))
    (change,) = verdict.changes
    assert change.sensitive
    assert isinstance(change.declared, Sensitive)
    assert change.declared == change.recorded
    assert change.live != change.declared
    assert "secret-value" not in repr(verdict)


def test_a_secret_map_is_one_place() -> None:
    verdict = _drifted(_judge(live={"secrets": {"user": "x", "hidden-key": "y"}}))
    (change,) = verdict.changes
    assert change.path == "secrets"
    assert "hidden" not in repr(verdict)


def test_values_marked_in_the_state_are_secret_and_so_are_their_copies() -> None:
    verdict = _drifted(
        _judge(
            live={"tags": {"a": "sensitive-tag-2"}, "tags_all": {"a": "sensitive-tag-2"}},
            planned={"tags": {"a": "sensitive-tag-1"}, "tags_all": {"a": "sensitive-tag-1"}},
            sensitive_paths=(("tags",),),
        )
    )
    assert [change.path for change in verdict.changes] == ["tags"]
    assert "sensitive-tag" not in repr(verdict)
    assert all(change.sensitive for change in (*verdict.changes, *verdict.consequences))


@LAWS
@given(schema_and_two_values())
def test_planned_that_equals_live_is_never_drift(case: tuple[ResourceSchema, Any, Any]) -> None:
    schema, live, recorded = case
    assume(not same(live, recorded, schema.is_set))
    verdict = judge(
        schema,
        planned=live,
        live=live,
        recorded=recorded,
        config=live,
        ignored=IgnoreRules(),
        requires_replace=(),
        digester=_MASKER,
        sensitive_paths=(),
    )
    one, other = align((live, recorded), schema.is_set)
    told = [
        path
        for path in aligned_paths(one, other, schema.is_set)
        if not (is_empty(value_at(one, path)) and is_empty(value_at(other, path)))
    ]
    assert isinstance(verdict, Noise) if told else verdict == InSync()


def _with_secrets(block: Block, value: Any, word: str) -> Any:
    """Put `word` into every text below a sensitive attribute."""
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, attribute in block.attributes.items():
        if attribute.sensitive or attribute.write_only:
            result[name] = _salted(value.get(name), word)
        elif attribute.nested is not None:
            result[name] = _in_elements(attribute.nested, value.get(name), word)
    for name, nested in block.blocks.items():
        result[name] = _in_elements(nested, value.get(name), word)
    return result


def _in_elements(nested: Nested, value: Any, word: str) -> Any:
    if isinstance(value, list):
        return [_with_secrets(nested.block, element, word) for element in value]
    if isinstance(value, dict) and nested.nesting is Nesting.MAP:
        return {key: _with_secrets(nested.block, item, word) for key, item in value.items()}
    return _with_secrets(nested.block, value, word)


def _salted(value: Any, word: str) -> Any:
    match value:
        case str():
            return word + value
        case list():
            return [_salted(item, word) for item in value]
        case dict():
            return {word + key: _salted(item, word) for key, item in value.items()}
        case _:
            return value


@LAWS
@given(schema_and_two_values())
def test_no_verdict_holds_a_secret(case: tuple[ResourceSchema, Any, Any]) -> None:
    schema, one, other = case
    live = _with_secrets(schema.block, one, "SECRET-live-")
    declared = _with_secrets(schema.block, other, "SECRET-code-")
    verdict = judge(
        schema,
        planned=declared,
        live=live,
        recorded=_with_secrets(schema.block, other, "SECRET-past-"),
        config=declared,
        ignored=IgnoreRules(),
        requires_replace=(),
        digester=_MASKER,
        sensitive_paths=(),
    )
    assert "SECRET" not in repr(verdict)


def test_a_key_that_is_null_is_written_by_an_apply() -> None:
    verdict = _judge(
        planned={"tags": {"a": "1", "b": None}}, config={"tags": {"a": "1", "b": None}}
    )
    assert isinstance(verdict, Drifted)
    ((change),) = verdict.changes
    assert (change.path, change.origin) == ("tags", Origin.UNAPPLIED)
    assert change.declared == {"a": "1", "b": None}
    assert change.live == {"a": "1"}
