"""What the provider is asked to plan: the configuration, with what it left open kept.

Source: docs/resource-instance-change-lifecycle.md of Terraform, "proposed new state".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping

from iac_adapters.terraform.schema import Attribute, Block, Nested, Nesting, ResourceSchema
from reconciler.domain.compare import canonical, same
from reconciler.domain.values import UNKNOWN, Attributes, Value


def proposed_new(
    schema: ResourceSchema, prior: Attributes | None, config: Attributes
) -> Attributes:
    """Return `config` with prior values wherever the provider may choose and nobody did.

    Without a prior object, what the provider chooses is unknown. Write-only values
    are null.
    """
    if prior is None:
        return {
            name: UNKNOWN if value is None and _computed(schema.block, name) else value
            for name, value in _block(schema.block, {}, config).items()
        }
    return _block(schema.block, prior, config)


def _computed(block: Block, name: str) -> bool:
    attribute = block.attributes.get(name)
    return attribute is not None and attribute.computed


def _block(block: Block, prior: Mapping[str, Value], config: Mapping[str, Value]) -> Attributes:
    proposed: Attributes = {}
    for name, attribute in block.attributes.items():
        proposed[name] = _attribute(attribute, prior.get(name), config.get(name))
    for name, nested in block.blocks.items():
        proposed[name] = _nested(nested, prior.get(name), config.get(name))
    return proposed


def _attribute(attribute: Attribute, prior: Value, config: Value) -> Value:
    if attribute.write_only:
        return None
    if config is None:
        if not attribute.computed or _was_configured(attribute, prior):
            return None
        return prior
    if attribute.nested is not None:
        return _nested(attribute.nested, prior, config)
    return config


def _was_configured(attribute: Attribute, prior: Value) -> bool:
    """Whether `prior` holds what only a configuration can have put there."""
    if attribute.nested is None or not attribute.optional:
        return False
    inner = attribute.nested.block.attributes
    return any(
        element.get(name) is not None
        for element in _elements(attribute.nested.nesting, prior)
        for name, nested in inner.items()
        if nested.optional and not nested.computed
    )


def _elements(nesting: Nesting, value: Value) -> list[Attributes]:
    if isinstance(value, list):
        found = value
    elif isinstance(value, dict) and nesting is Nesting.MAP:
        found = list(value.values())
    else:
        found = [value]
    return [element for element in found if isinstance(element, dict)]


def _nested(nested: Nested, prior: Value, config: Value) -> Value:
    match nested.nesting, config:
        case Nesting.LIST, list():
            before = prior if isinstance(prior, list) else []
            padded = before + [None] * (len(config) - len(before))
            return [
                _element(nested.block, old, new) for old, new in zip(padded, config, strict=False)
            ]
        case Nesting.SET, list():
            return _set(nested.block, prior if isinstance(prior, list) else [], config)
        case Nesting.MAP, dict():
            known = prior if isinstance(prior, dict) else {}
            return {key: _element(nested.block, known.get(key), new) for key, new in config.items()}
        case ((Nesting.SINGLE | Nesting.GROUP), dict()):
            return _element(nested.block, prior, config)
        case _:
            return config


def _element(block: Block, prior: Value, config: Value) -> Value:
    if not isinstance(config, dict):
        return config
    return _block(block, prior if isinstance(prior, dict) else {}, config)


def _set(block: Block, prior: list[Value], config: list[Value]) -> list[Value]:
    """Give each configured element the prior one it stands for, each at most once."""
    unused: dict[Hashable, list[Value]] = defaultdict(list)
    for element in prior:
        unused[_identity(block, element)].append(element)
    proposed: list[Value] = []
    for element in config:
        candidates = unused[_identity(block, element)]
        found = next((i for i, old in enumerate(candidates) if _fits(block, old, element)), None)
        before = None if found is None else candidates.pop(found)
        proposed.append(_element(block, before, element))
    return proposed


def _identity(block: Block, element: Value) -> Hashable:
    """Return what a configuration alone decides of an element."""
    if not isinstance(element, dict):
        return canonical(element)
    return canonical(
        {
            name: element.get(name)
            for name, attribute in block.attributes.items()
            if not attribute.computed and not attribute.write_only and attribute.nested is None
        },
        # Without the types at hand, lists may be sets: the full test is in `_fits`.
        lambda _steps: True,
    )


def _fits(block: Block, prior: Value, config: Value) -> bool:
    """Whether `prior` is `config` with the provider's choices added."""
    if not isinstance(prior, dict) or not isinstance(config, dict):
        return prior is None and config is None
    return all(
        _attribute_fits(attribute, prior.get(name), config.get(name))
        for name, attribute in block.attributes.items()
    ) and all(
        _nested_fits(nested, prior.get(name), config.get(name))
        for name, nested in block.blocks.items()
    )


def _attribute_fits(attribute: Attribute, prior: Value, config: Value) -> bool:
    if attribute.write_only or (config is None and attribute.computed):
        return True
    if attribute.nested is not None and config is not None:
        return _nested_fits(attribute.nested, prior, config)
    # As in `_identity`: an order that differs is told by the provider, not here.
    return same(prior, config, lambda _steps: True)


def _nested_fits(nested: Nested, prior: Value, config: Value) -> bool:
    match prior, config:
        case list(), list() if nested.nesting is Nesting.SET:
            return len(prior) == len(config) and _all_matched(nested.block, prior, config)
        case list(), list():
            return len(prior) == len(config) and all(
                _fits(nested.block, old, new) for old, new in zip(prior, config, strict=True)
            )
        case dict(), dict() if nested.nesting is Nesting.MAP:
            return prior.keys() == config.keys() and all(
                _fits(nested.block, prior[key], new) for key, new in config.items()
            )
        case _:
            return _fits(nested.block, prior, config)


def _all_matched(block: Block, prior: list[Value], config: list[Value]) -> bool:
    left = list(prior)
    for element in config:
        found = next((i for i, old in enumerate(left) if _fits(block, old, element)), None)
        if found is None:
            return False
        del left[found]
    return True
