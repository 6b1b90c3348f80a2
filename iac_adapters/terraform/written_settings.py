"""What a plan's JSON says of provider blocks: the settings that are written out. Pure.

A whole plan shows no evaluated provider configuration, but the constants in the code stand in it.

Source: JSON output format 1.2, `configuration.provider_config` and expression representation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from iac_adapters.terraform.state import ProviderReference
from reconciler.domain.values import Attributes, Value

_KEYS: Final = re.compile(r"\[[^\]]*\]")


def written_settings(
    document: Mapping[str, Any], reference: ProviderReference
) -> Mapping[str, Any]:
    """Return the expressions of the block that `reference` means; empty where there is none."""
    blocks = document.get("configuration", {}).get("provider_config", {})
    for block in blocks.values():
        if (
            block.get("full_name") == reference.source
            and block.get("alias") == reference.alias
            and block.get("module_address", "") == _KEYS.sub("", reference.module)
        ):
            found: Mapping[str, Any] = block.get("expressions", {})
            return found
    return {}


def overlaid(kept: Attributes, expressions: Mapping[str, Any]) -> Attributes:
    """Return `kept` with each setting that is written out as it is written now."""
    return kept | {
        name: _value(kept.get(name), expression) for name, expression in expressions.items()
    }


def _value(kept: Value, expression: Any) -> Value:
    if isinstance(expression, list):
        before = kept if isinstance(kept, list) and len(kept) == len(expression) else None
        return [
            _block(before[number] if before is not None else None, element)
            for number, element in enumerate(expression)
        ]
    if isinstance(expression, dict) and "constant_value" in expression:
        written: Value = expression["constant_value"]
        return written
    if isinstance(expression, dict) and "references" not in expression:
        return _block(kept, expression) if expression else kept
    return kept


def _block(kept: Value, expressions: Any) -> Value:
    if not isinstance(expressions, dict):
        return kept
    return overlaid(kept if isinstance(kept, dict) else {}, expressions)
