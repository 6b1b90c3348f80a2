"""What an apply would use that no state can hold, by the plan's own copy of the code. Pure.

Provisioners and write-only arguments leave no trace in the state, so nothing tells whether
they are those of the last apply: an edited command would run, an edited secret be written. Of
a file that an argument names the state holds the path, and the content only where the code
gives its hash as well.

Source: JSON output format 1.2, `configuration.root_module` and its `module_calls`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.schema import Block, ResourceSchema
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import NewValue


def unrecorded(
    document: Mapping[str, Any],
    entry: Mapping[str, Any],
    schema: ResourceSchema,
    *,
    is_file: Callable[[str], bool],
) -> tuple[NewValue, ...]:
    """Return the places of the code whose values the last apply cannot have recorded.

    `is_file` tells whether a text names a file that is there now.
    """
    code = _declared(document, entry["address"])
    paths = list(_write_only(code.get("expressions", {}), schema.block))
    if "create" in entry["change"]["actions"] and code.get("provisioners"):
        paths.append("provisioner")
    if "create" in entry["change"]["actions"]:
        paths += _files(code.get("expressions", {}), entry["change"]["after"] or {}, is_file)
    return tuple(NewValue(AttributePath(path), None, None) for path in paths)


def _declared(document: Mapping[str, Any], address: str) -> Mapping[str, Any]:
    """Return the block that declares the resource; empty where the plan holds none."""
    wanted = parse_address(address)
    module = document.get("configuration", {}).get("root_module", {})
    for step in wanted.module:
        module = module.get("module_calls", {}).get(step.name, {}).get("module", {})
    for block in module.get("resources", ()):
        if (block.get("mode"), block["type"], block["name"]) == (
            "managed",
            wanted.type,
            wanted.name,
        ):
            found: Mapping[str, Any] = block
            return found
    return {}


def _files(
    expressions: Any, after: Mapping[str, Any], is_file: Callable[[str], bool]
) -> Iterator[str]:
    if not isinstance(expressions, Mapping) or any(map(_HASH.search, expressions)):
        return
    for name in expressions:
        value = after.get(name)
        if isinstance(value, str) and is_file(value):
            yield f"{name} (the file's content)"


_HASH: Final = re.compile(r"(^|_)(hash|etag|md5|sha\d*|checksum|digest|crc32c?)(_|$)")


def _write_only(expressions: Any, block: Block, at: str = "") -> Iterator[str]:
    if not isinstance(expressions, Mapping):
        return
    for name, expression in expressions.items():
        attribute = block.attributes.get(name)
        if attribute is not None and attribute.write_only and not _is_null(expression):
            yield f"{at}{name}"
        if (nested := block.blocks.get(name)) is not None:
            inner = expression if isinstance(expression, list) else [expression]
            for number, element in enumerate(inner):
                place = f"{at}{name}[{number}]." if isinstance(expression, list) else f"{at}{name}."
                yield from _write_only(element, nested.block, place)


def _is_null(expression: Any) -> bool:
    return isinstance(expression, Mapping) and expression.get("constant_value", 0) is None
