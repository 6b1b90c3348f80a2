"""A recorded configuration, made fit to be planned against what is there now.

`lifecycle.ignore_changes` takes the live value, and write-only values go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from iac_adapters.terraform.cty import CtyType, MapOf, ObjectOf, SetOf, child
from iac_adapters.terraform.schema import Block, Nested, Nesting, ResourceSchema
from reconciler.domain.paths import Steps
from reconciler.domain.values import Attributes, Value


class AttributeName(str):
    """A step that is written with a dot: the name of an attribute, never the key of a map."""

    __slots__ = ()


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
    elements of a set have no index to name them by. The key of a map is written in brackets
    and quotes: core finds nothing under `tags.team`, and ignores nothing by it.
    """
    if ignored.all:
        return _settable(schema.block, live)
    return revert_ignored(schema, config, live, ignored)


def revert_ignored(
    schema: ResourceSchema, planned: Attributes, live: Attributes, ignored: IgnoreRules
) -> Attributes:
    """Return `planned` with the ignored places as they are in `live`, computed ones too.

    Core does so once more with what a provider of the old type system planned: those write
    hashes, defaults and merged tags into places that were ignored.
    """
    if ignored.all:
        return live
    result: Value = planned
    for path in ignored.paths:
        result = _taken_over(schema.type, result, live, path)
    return result if isinstance(result, dict) else planned


def _settable(block: Block, live: Attributes) -> Attributes:
    """Return `live` without what a configuration cannot set: core sends it to no provider."""
    kept = dict(live)
    for name, attribute in block.attributes.items():
        if attribute.computed and not attribute.optional and name in kept:
            kept[name] = None
    for name, nested in block.blocks.items():
        if name in kept:
            kept[name] = _settable_nested(nested, kept[name])
    return kept


def _settable_nested(nested: Nested, value: Value) -> Value:
    if isinstance(value, list):
        return [
            _settable_nested(replace(nested, nesting=Nesting.SINGLE), element) for element in value
        ]
    if isinstance(value, dict) and nested.nesting is Nesting.MAP:
        single = replace(nested, nesting=Nesting.SINGLE)
        return {key: _settable_nested(single, element) for key, element in value.items()}
    return _settable(nested.block, value) if isinstance(value, dict) else value


def _taken_over(cty_type: CtyType | None, config: Value, live: Value, path: Steps) -> Value:
    if not path:
        return live
    step, rest = path[0], path[1:]
    match cty_type:
        case MapOf():
            if isinstance(step, AttributeName | int):
                return config
            return _map_taken_over(cty_type, config, live, step, rest)
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
