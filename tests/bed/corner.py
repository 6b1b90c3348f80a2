"""HashiCorp's corner provider: what is read of an object is what a file says.

Its shapes are those that other providers have few of: nested attributes, dynamic types, numbers
that no float holds, write-only values, custom types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.bed.drift import Drift

FOLDER: Final = "CORNER_DRIFT"
_MOVED: Final[Mapping[str, Mapping[str, Any]]] = {
    "framework_customtype": {
        "ip_v4_attribute": "10.0.0.9",
        "ip_v4_cidr_attribute": "10.9.0.0/16",
        "ip_v6_attribute": "fd00::9",
        "json_exact_attribute": '{"a":9}',
        "json_normalized_attribute": '{"a":1,"b":[9]}',
        "time_rfc3339_attribute": "2027-01-01T00:00:00Z",
    },
    "framework_dynamic_computed_type_change": {
        "required_dynamic": {"type": ["list", "string"], "value": ["nine"]}
    },
    "framework_float32_precision": {"float32_attribute": 0.5},
    "framework_float64_precision": {"float64_attribute": 0.30000000000000004},
    "framework_identity": {"name": "nine"},
    "framework_schema": {
        "bool_attribute": False,
        "dynamic_attribute": {"type": ["object", {"one": "string"}], "value": {"one": "nine"}},
        "float32_attribute": 9.5,
        "float64_attribute": 9.25,
        "int32_attribute": 9,
        "int64_attribute": 9007199254740993,
        "list_attribute": ["a", "nine", "b"],
        "list_nested_attribute": [{"list_nested_attribute_attribute": "nine"}],
        "list_nested_block": [
            {"list_nested_block_attribute": "nine"},
        ],
        "map_attribute": {"a": "1", "b.c": "nine"},
        "map_nested_attribute": {"a": {"map_nested_attribute_attribute": "nine"}},
        "number_attribute": 12345678901234567891,
        "object_attribute": {"object_attribute_attribute": "nine"},
        "object_attribute_with_dynamic": {"dynamic_attribute": {"type": "bool", "value": True}},
        "set_attribute": ["a", "b", "nine"],
        "set_nested_attribute": [{"set_nested_attribute_attribute": "a"}],
        "single_nested_attribute": {"single_nested_attribute_attribute": "nine"},
        "string_attribute": "nine",
    },
    "framework_set_nested_attribute_with_defaults": {
        "set": [{"default_value": "nine", "value": "zero"}]
    },
    "framework_set_nested_block_with_defaults": {
        "set": [{"default_value": "nine", "value": "zero"}]
    },
    "framework_timeouts": {"timeouts": {"create": "9s"}},
    "framework_timetypes": {"go_duration": "9h", "rfc3339": "2029-01-01T00:00:00Z"},
    "framework_user": {"age": 9, "email": "nine@bed.test"},
    "framework_writeonce": {"trigger_attr": "nine"},
    "framework_writeonly": {
        "nested_map": {"key1": {"string_attr": "nine", "writeonly_float64": None}}
    },
    "framework_writeonly_import": {"string_attr": "nine"},
    "framework_writeonly_upgrade": {"string_attr": "nine"},
    "framework_writeonly_validations": {"password_version": "nine"},
}


# Updates that terraform refuses as the provider's bug, or that find nothing to update.
_CANNOT_UPDATE: Final = (
    "framework_identity",
    "framework_user",
    "framework_writeonly_import",
    "framework_writeonly_upgrade",
)
# Where nothing at all is found, ours takes it for another account.
_STAYS: Final = "framework_user"


def variables(folder: Path) -> dict[str, str]:
    """Return what the provider is told."""
    folder.mkdir(exist_ok=True)
    return {FOLDER: str(folder)}


def rounds(folder: Path, state: Path) -> Sequence[Sequence[Drift]]:
    """Return what drifts: changed first, deleted then."""
    recorded = _recorded(state)
    moved = [
        _answered(folder, kind, json.dumps({**recorded[kind], **new}), frozenset(new))
        for kind, new in _MOVED.items()
    ]
    return (
        moved,
        [_answered(folder, kind, "gone", frozenset()) for kind in _MOVED if kind != _STAYS],
    )


def answer(folder: Path, kind: str, attributes: Mapping[str, Any]) -> None:
    """Have objects of `kind` be read with these attributes."""
    (folder / f"{kind}.json").write_text(json.dumps(attributes))


def _answered(folder: Path, kind: str, text: str, paths: frozenset[str]) -> Drift:
    file = folder / f"{kind}.json"
    return Drift(
        address=f"{kind}.a",
        kind="changed" if paths else "missing",
        paths=paths,
        do=partial(file.write_text, text),
        by_hand=bool(paths) and kind in _CANNOT_UPDATE,
        # What was corrected is read as it is, and no longer as the file said.
        settled=partial(file.unlink, missing_ok=True),
    )


def _recorded(state: Path) -> dict[str, dict[str, Any]]:
    resources = json.loads(state.read_text())["resources"]
    return {resource["type"]: resource["instances"][0]["attributes"] for resource in resources}
