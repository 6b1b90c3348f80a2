"""What an apply would use that no state can hold, by the plan's own copy of the code. Pure.

Provisioners and write-only arguments leave no trace in the state, so nothing tells whether
they are those of the last apply: an edited command would run, an edited secret be written. Of
a file that an argument names the state holds the path, and the content at most as a hash.

Source: JSON output format 1.2, `configuration.root_module` and its `module_calls`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.recorded_content import DigestsOfFile, unrecorded_files
from iac_adapters.terraform.schema import Block, ResourceSchema
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import NewValue


def unrecorded(
    document: Mapping[str, Any],
    entry: Mapping[str, Any],
    schema: ResourceSchema,
    *,
    recorded: Mapping[str, Any],
    digests_of_file: DigestsOfFile,
) -> tuple[NewValue, ...]:
    """Return the places of the code whose values the last apply cannot have recorded.

    `recorded` is what it recorded of the object.
    """
    code = _declared(document, entry["address"])
    paths = list(_write_only(code.get("expressions", {}), schema.block))
    if "create" in entry["change"]["actions"] and code.get("provisioners"):
        paths.append("provisioner")
    if "create" in entry["change"]["actions"]:
        files = unrecorded_files(
            code.get("expressions", {}),
            planned=entry["change"]["after"] or {},
            recorded=recorded,
            digests_of_file=digests_of_file,
        )
        paths += [f"{name} (the file's content)" for name in files]
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
