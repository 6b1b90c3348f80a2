"""A recorded configuration, made fit to be planned against what is there now.

`lifecycle.ignore_changes` takes the live value, an unknown the recorded one, and
write-only values go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iac_adapters.terraform.cty import CtyType, MapOf, ObjectOf, SetOf, child, is_set_at
from iac_adapters.terraform.schema import Block, Nested, Nesting, ResourceSchema
from reconciler.domain.compare import align, sort_key
from reconciler.domain.paths import Steps
from reconciler.domain.values import Attributes, Unknown, Value


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """What `ignore_changes` names: `all`, or paths (`("tags", "k")`)."""

    all: bool = False
    paths: tuple[Steps, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether every change counts."""
        return not self.all and not self.paths


def apply_ignored(
    schema: ResourceSchema, config: Attributes, live: Attributes, ignored: IgnoreRules
) -> Attributes:
    """Return `config` with the ignored places as they are in `live`.

    A place that either side has no room for is left alone, as is one inside a set:
    elements of a set have no index to name them by.
    """
    if ignored.all:
        return live
    result: Value = config
    for path in ignored.paths:
        result = _taken_over(schema.type, result, live, path)
    return result if isinstance(result, dict) else config


def _taken_over(cty_type: CtyType | None, config: Value, live: Value, path: Steps) -> Value:
    if not path:
        return live
    step, rest = path[0], path[1:]
    match cty_type:
        case MapOf():
            return _map_taken_over(cty_type, config, live, str(step), rest)
        case SetOf():
            return config
        case ObjectOf(attributes) if step not in attributes:
            return config
        case _:
            return _inner_taken_over(cty_type, config, live, path)


def _inner_taken_over(cty_type: CtyType | None, config: Value, live: Value, path: Steps) -> Value:
    step, rest = path[0], path[1:]
    if isinstance(config, dict) and isinstance(live, dict):
        key = str(step)
        inner = _taken_over(child(cty_type, key), config.get(key), live.get(key), rest)
        return {**config, key: inner}
    if isinstance(config, list) and isinstance(live, list) and isinstance(step, int):
        if not 0 <= step < min(len(config), len(live)):
            return config
        inner = _taken_over(child(cty_type, step), config[step], live[step], rest)
        return [*config[:step], inner, *config[step + 1 :]]
    return config


def _map_taken_over(cty_type: MapOf, config: Value, live: Value, key: str, rest: Steps) -> Value:
    """Take one key over. Nothing may be left of a map that only this key held together."""
    if config is not None and not isinstance(config, dict):
        return config
    known: Mapping[str, Value] = live if isinstance(live, dict) else {}
    result: dict[str, Value] = dict(config or {})
    if key not in known:
        result.pop(key, None)
    elif not rest:
        result[key] = known[key]
    elif key in result:
        result[key] = _taken_over(cty_type.element, result[key], known[key], rest)
    if result:
        return result
    return None if live is None or config is None else {}


def resolve_unknowns(
    schema: ResourceSchema, config: Attributes, recorded: Attributes
) -> tuple[Attributes, tuple[Steps, ...]]:
    """Return `config` with the recorded value at each unknown place, and those places.

    Of a set the place is the set itself. Unknown means: decided by something else that
    is not applied yet; until then the last known value is the best declaration there is.
    """
    pending: set[Steps] = set()
    resolved = _resolved(schema.type, config, recorded, (), pending)
    assert isinstance(resolved, dict)  # noqa: S101 - an object resolves to an object
    return resolved, tuple(sorted(pending, key=sort_key))


def _resolved(
    cty_type: CtyType | None, config: Value, recorded: Value, at: Steps, pending: set[Steps]
) -> Value:
    if isinstance(config, Unknown):
        pending.add(at)
        return recorded
    if not _has_unknown(config):
        return config
    if isinstance(config, dict):
        known = recorded if isinstance(recorded, dict) else {}
        return {
            key: _resolved(child(cty_type, key), item, known.get(key), (*at, key), pending)
            for key, item in config.items()
        }
    if not isinstance(config, list):
        return config
    if isinstance(cty_type, SetOf):
        pending.add(at)
        return _resolved_set(cty_type, config, recorded if isinstance(recorded, list) else [])
    before = recorded if isinstance(recorded, list) else []
    return [
        _resolved(
            child(cty_type, index),
            item,
            before[index] if index < len(before) else None,
            (*at, index),
            pending,
        )
        for index, item in enumerate(config)
    ]


def _resolved_set(cty_type: SetOf, config: list[Value], recorded: list[Value]) -> Value:
    if not all(isinstance(element, dict) for element in config):
        return recorded
    # As one value of a set type, so that elements are brought together by likeness.
    before, after = align((recorded, config), lambda steps: is_set_at(cty_type, steps))
    old = before if isinstance(before, list) else []
    new = after if isinstance(after, list) else []
    return [
        _resolved(cty_type.element, element, old[index] if index < len(old) else None, (), set())
        for index, element in enumerate(new)
        if element is not None
    ]


def _has_unknown(value: Value) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def null_write_only(schema: ResourceSchema, value: Attributes) -> Attributes:
    """Return `value` without write-only values, which must be kept nowhere."""
    return _without_write_only(schema.block, value)


def _without_write_only(block: Block, value: Attributes) -> Attributes:
    result = dict(value)
    for name, attribute in block.attributes.items():
        if attribute.write_only and name in result:
            result[name] = None
        elif attribute.nested is not None:
            result[name] = _nested_without(attribute.nested, result.get(name))
    for name, nested in block.blocks.items():
        result[name] = _nested_without(nested, result.get(name))
    return result


def _nested_without(nested: Nested, value: Value) -> Value:
    if isinstance(value, list):
        return [_nested_without_one(nested.block, element) for element in value]
    if isinstance(value, dict) and nested.nesting is Nesting.MAP:
        return {key: _nested_without_one(nested.block, item) for key, item in value.items()}
    return _nested_without_one(nested.block, value)


def _nested_without_one(block: Block, value: Value) -> Value:
    return _without_write_only(block, value) if isinstance(value, dict) else value
