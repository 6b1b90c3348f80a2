"""Which records of other stacks count for a program that takes outputs from them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.checkpoint import STACK_REFERENCE
from iac_adapters.pulumi.referenced_stacks import referenced_stacks

_OTHER: Final = "organization/net/dev"


def _record(*names: str) -> bytes:
    resources: list[dict[str, Any]] = [
        {
            "urn": f"urn:pulumi:dev::shop::{STACK_REFERENCE}::{name}",
            "type": STACK_REFERENCE,
            "custom": True,
            "id": name,
            "inputs": {"name": name},
            "external": True,
        }
        for name in names
    ]
    latest = {"manifest": {}, "resources": resources}
    return json.dumps({"version": 3, "checkpoint": {"latest": latest}}).encode()


def _stack(root: Path, name: str) -> Path:
    file = root / ".pulumi" / "stacks" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")
    return file


@pytest.mark.parametrize("ending", ["json", "json.gz", "json.zst"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_stack_that_was_updated_is_another_one(
    tmp_path: Path, ending: str, *, packed: bool
) -> None:
    place = Place(f"file://{tmp_path}", "shop", "dev", tmp_path)
    content = gzip.compress(_record(_OTHER)) if packed else _record(_OTHER)
    assert referenced_stacks(content, place) == {_OTHER: ""}
    file = _stack(tmp_path, f"net/dev.{ending}")
    _stack(tmp_path, "shop/dev.json")
    seen = [referenced_stacks(content, place)]
    file.write_text("{ }")
    seen.append(referenced_stacks(content, place))
    assert [found.keys() for found in seen] == [{_OTHER}, {_OTHER}]
    assert seen[0] != seen[1] != {_OTHER: ""}


def test_a_name_alone_is_of_the_same_project(tmp_path: Path) -> None:
    _stack(tmp_path, "shop/prod.json")
    place = Place(f"file://{tmp_path}", "shop", "dev", tmp_path)
    assert referenced_stacks(_record("prod"), place)["prod"]


def test_what_the_cli_alone_reads_refers_as_well(tmp_path: Path) -> None:
    _stack(tmp_path, "net/dev.json.zst")
    place = Place(f"file://{tmp_path}", "shop", "dev", packed_in=tmp_path)
    assert referenced_stacks(_record(_OTHER), place)[_OTHER]


def test_what_refers_to_nothing_and_what_no_folder_holds_is_not_looked_at(tmp_path: Path) -> None:
    folder = Place(f"file://{tmp_path}", "shop", "dev", tmp_path)
    assert referenced_stacks(b"no record at all", folder) == {}
    assert referenced_stacks(_record(_OTHER), Place("s3://bucket", "shop", "dev")) == {}
