"""Which resources feed an output, by the plan's own account of the code and the text of locals."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.local_references import local_references
from iac_adapters.terraform.outputs import shown_by_itself
from iac_adapters.terraform.recorder.output_feeders import output_feeders
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput


def _refers(*references: str) -> dict[str, Any]:
    return {"expression": {"references": list(references)}}


_INNER: Final = {
    "outputs": {
        "told": _refers("var.given"),
        "own": _refers("a_thing.x.id", "a_thing.x"),
        "asked": _refers("data.a_data.d.value", "data.a_data.d"),
        "constant": {"expression": {"constant_value": 1}},
    },
    "resources": [
        {
            "address": "data.a_data.d",
            "mode": "data",
            "expressions": {"of": [{"name": {"references": ["a_thing.y.name", "a_thing.y"]}}]},
        }
    ],
}
_ROOT: Final = {
    "module_calls": {
        "m": {
            "expressions": {"given": {"references": ["each.value", "a_thing.z.id", "a_thing.z"]}},
            "for_each_expression": {"references": ["a_thing.keys"]},
            "depends_on": ["a_thing.before"],
            "module": _INNER,
        }
    },
    "resources": [
        {
            "address": "data.a_data.late",
            "mode": "data",
            "depends_on": ["module.m"],
            "expressions": {"references": {"references": ["a_thing.w"]}},
        }
    ],
}


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["a_thing.x[0].id", "a_thing.x[0]", "a_thing.x"], {"a_thing.x"}),
        (['a_thing.x["k.e[y]"].id'], {"a_thing.x"}),
        (["module.m.told", "module.m"], {"a_thing.z", "a_thing.keys"}),
        (['module.m["a.b"].own', 'module.m["a.b"]', "module.m"], {"module.m.a_thing.x"}),
        (["module.m.asked", "module.m"], {"module.m.a_thing.y", "a_thing.before"}),
        (["module.m.constant", "module.m"], set()),
        (
            ["module.m"],
            {"a_thing.z", "a_thing.keys", "module.m.a_thing.x", "module.m.a_thing.y",
             "a_thing.before"},
        ),
        (["local.one"], {"a_thing.x", "module.m.a_thing.x"}),
        (["local.round", "local.unknown", "var.v", "path.module", "each.key"], {"a_thing.x"}),
        (["data.a_data.unknown"], set()),
    ],
)  # fmt: skip
def test_references_are_followed_to_resources(references: list[str], expected: set[str]) -> None:
    locals_ = {
        "one": frozenset({"local.round", "module.m.own"}),
        "round": frozenset({"local.round", "local.one_more"}),
        "one_more": frozenset({"a_thing.x.name", "local.round"}),
    }
    root = {**_ROOT, "outputs": {"o": _refers(*references)}}
    document = {"configuration": {"root_module": root}}
    assert output_feeders(document, locals_) == {"o": expected}


def test_a_data_source_is_fed_by_what_it_waits_for() -> None:
    root = {**_ROOT, "outputs": {"o": _refers("data.a_data.late.v", "data.a_data.late")}}
    (feeders,) = output_feeders({"configuration": {"root_module": root}}, {}).values()
    assert {"a_thing.w", "module.m.a_thing.x", "a_thing.z"} <= feeders


def test_a_plan_without_code_feeds_nothing() -> None:
    assert output_feeders({}, {}) == {}


def test_locals_are_read_from_either_syntax(tmp_path: Path) -> None:
    hcl, other = tmp_path / "main.tf", tmp_path / "other.tf.json"
    hcl.write_text(
        """
        # locals { no = a_thing.no.id }
        locals {
          one = "x-${a_thing.a[0].id}" # a comment
          two = { for k, v in module.m["a"].told : k => local.map[data.d.d.key].value }
        }
        resource "a_thing" "locals" { name = a_thing.b.id }
        locals { three = 3 }
        locals { five = [-a_thing.e.id, 1-a_thing.f.id] }
        """
    )
    other.write_text('{"locals": [{"four": ["${a_thing.d.id}", {"x": "${local.one}"}]}]}')
    broken = tmp_path / "broken.tf.json"
    broken.write_text("{")
    found = local_references([hcl, other, broken, tmp_path / "gone.tf"])
    assert found.keys() == {"one", "two", "three", "four", "five"}
    assert "a_thing.a[0].id" in found["one"]
    assert {'module.m["a"].told', "data.d.d.key"} <= found["two"]
    assert "local.map[data.d.d.key].value" in found["two"]
    assert found["three"] == frozenset()
    assert found["five"] == {"a_thing.e.id", "a_thing.f.id"}
    assert {"a_thing.d.id", "local.one"} <= found["four"]


@pytest.mark.parametrize(
    ("unknown", "feeders", "expected"),
    [
        (b"false", {"a.changing"}, True),
        (b"true", {"a.changing", "a.other"}, False),
        (b"true", {"a.other"}, True),
        (b"true", set(), True),
        (b'{"a": [true]}', {"a.changing"}, False),
    ],
)
def test_only_what_a_change_feeds_and_an_apply_tells_is_shown_elsewhere(
    unknown: bytes, feeders: set[str], *, expected: bool
) -> None:
    output = PlannedOutput(
        "o", "update", b"null", b'{"a": ["x"]}', unknown, sensitive=False,
        feeders=frozenset(feeders),
    )  # fmt: skip
    assert shown_by_itself(output, {"a.changing"}) is expected
