"""`trueup baseline`: a file beside the code says what scans hold the live values against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.baseline_file import NAME
from tests.e2e.command import Trueup
from tests.integration.terraform.conftest import Template
from tests.world_stack import WorldStack, copied

CODE = """
resource "world_thing" "a" {
  name   = "a"
  secret = "hunter2-of-the-code"
}
"""


@pytest.fixture
def thing(template: Template, terraform: Executable, tmp_path: Path) -> WorldStack:
    made = copied(template(terraform), tmp_path, terraform)
    made.apply(CODE)
    return made


def trueup(stack: WorldStack, *arguments: str) -> tuple[int, Any]:
    ended = Trueup(stack.environment).run(*arguments, stack.directory, "--json")
    assert ended.out, ended.err
    return ended.code, json.loads(ended.out)


def paths(body: Any) -> list[tuple[str, str]]:
    return [(one["origin"], c["path"]) for one in body["findings"] for c in one["changes"]]


def test_a_scan_goes_by_the_file_and_not_by_what_somebody_refreshed(thing: WorldStack) -> None:
    assert trueup(thing, "baseline", "write")[0] == 0
    text = (thing.directory / NAME).read_text()
    assert "hunter2" not in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert trueup(thing, "baseline", "diff") == (0, {"findings": []})

    with thing.changed() as objects:
        objects["a"]["size"] = 99
    thing.run("apply", "-refresh-only", "-auto-approve", "-input=false")

    code, scanned = trueup(thing, "scan")
    assert (code, paths(scanned["stacks"][0])) == (2, [("undeclared", "size")])
    code, differing = trueup(thing, "baseline", "diff")
    assert (code, paths(differing)) == (2, [("undeclared", "size")])
    assert trueup(thing, "baseline", "write")[0] == 0
    assert trueup(thing, "scan")[0] == 0
    shown = trueup(thing, "baseline", "show")[1]["baselines"]
    assert [one["values"]["size"] for one in shown] == [99]


def test_without_the_file_a_scan_goes_by_the_recorded_state(thing: WorldStack) -> None:
    with thing.changed() as objects:
        objects["a"]["size"] = 99

    code, scanned = trueup(thing, "scan")

    assert (code, paths(scanned["stacks"][0])) == (2, [("undeclared", "size")])


def test_a_file_of_another_machine_cannot_compare_secrets_and_says_nothing_of_them(
    thing: WorldStack,
) -> None:
    trueup(thing, "baseline", "write")
    file = thing.directory / NAME
    stored = json.loads(file.read_text())
    (stack,) = stored["stacks"].values()
    stack["key"] = "0" * 16
    for resource in stack["resources"].values():
        resource["identity"] = "1" * 64
    file.write_text(json.dumps(stored))
    assert trueup(thing, "scan")[0] == 0
    with thing.changed() as objects:
        objects["a"]["size"] = 99
    thing.run("apply", "-refresh-only", "-auto-approve", "-input=false")

    assert paths(trueup(thing, "scan")[1]["stacks"][0]) == [("undeclared", "size")]


@pytest.mark.parametrize("content", ["no json", "[]", '{"format_version": "9"}'])
def test_a_file_that_is_no_baseline_is_refused_by_its_name(thing: WorldStack, content: str) -> None:
    (thing.directory / NAME).write_text(content)

    code, body = trueup(thing, "scan")

    assert code == 1
    assert NAME in body["errors"][0]["message"]
    assert "trueup baseline write" in body["errors"][0]["remedy"]
