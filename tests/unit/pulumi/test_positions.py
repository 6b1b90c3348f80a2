"""Where resources are declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi.checkpoint import parse_checkpoint
from iac_adapters.pulumi.positions import position_of, yaml_lines
from iac_adapters.pulumi.project import Project
from reconciler.domain.model import SourcePosition
from tests.unit.pulumi.recorded import CHECKPOINT

YAML = """\
name: shop
runtime: yaml
variables:
  queue: {}
resources:
  queue:
    type: aws:SqsQueue

  "the topic":
    type: aws:SnsTopic
  flow: {type: aws:SnsTopic}
"""


def project(folder: Path, runtime: str = "python") -> Project:
    return Project(folder, folder / "Pulumi.yaml", "shop", runtime)


def frames(*positions: str) -> list[dict[str, str]]:
    return [{"sourcePosition": position} if position else {} for position in positions]


@pytest.mark.parametrize(
    ("told", "position", "reason"),
    [
        ({"sourcePosition": "project:///main.py#7"}, ("main.py", 7), "the file and the line"),
        ({"sourcePosition": "project:///a/b.py#7,3"}, ("a/b.py", 7), "columns are not shown"),
        (
            {
                "sourcePosition": "project:///../usr/lib/x.py#1",
                "stackTrace": frames("", "project:///venv/lib/y.py#2", "project:///main.py#3"),
            },
            ("main.py", 3),
            "the innermost frame in files of one's own",
        ),
        ({"stackTrace": frames("project:///a/../main.py#3")}, ("main.py", 3), "as it is called"),
        ({"sourcePosition": "project:///../../etc/passwd#1"}, None, "outside the project"),
        ({"sourcePosition": "project:///node_modules/x/i.js#1"}, None, "somebody else's"),
        ({"sourcePosition": "file:///main.py#7"}, None, "another form"),
        ({"sourcePosition": "project:///main.py"}, None, "without a line"),
        ({"sourcePosition": "project:///main.py#x"}, None, "likewise"),
        ({"sourcePosition": None, "stackTrace": None}, None, "nothing is told"),
        ({"stackTrace": ["x", 7]}, None, "nothing that can be read"),
    ],
)
def test_the_record_tells_the_place(
    tmp_path: Path, told: dict[str, Any], position: tuple[str, int] | None, reason: str
) -> None:
    expected = SourcePosition(*position) if position else None
    assert position_of(told, project(tmp_path), {}) == expected, reason


def test_what_a_real_cli_recorded_leads_to_the_program(tmp_path: Path) -> None:
    found = {
        resource.name: position_of(resource.content, project(tmp_path), {})
        for resource in parse_checkpoint(CHECKPOINT, origin="recorded").resources
    }
    assert found["kept"] == found["lax"] == SourcePosition("keeping.py", 180)
    assert found["things-dev"] is None


def test_a_yaml_program_is_looked_into(tmp_path: Path) -> None:
    shop = project(tmp_path, "yaml")
    shop.file.write_text(YAML)
    lines = yaml_lines(shop)
    assert lines == {"queue": 6, "the topic": 9, "flow": 11}
    content = {"urn": "urn:pulumi:dev::shop::aws:index/snsTopic:SnsTopic::the topic"}
    assert position_of(content, shop, lines) == SourcePosition("Pulumi.yaml", 9)
    assert yaml_lines(project(tmp_path)) == {}


@pytest.mark.parametrize("main", [None, "infra"])
def test_a_yaml_program_may_have_a_file_of_its_own(tmp_path: Path, main: str | None) -> None:
    shop = replace(project(tmp_path, "yaml"), main=main)
    shop.file.write_text("name: shop\nruntime: yaml\n")
    shop.program.mkdir(exist_ok=True)
    (shop.program / "Main.yaml").write_text("resources:\n  queue: {type: aws:SqsQueue}\n")
    expected = SourcePosition("infra/Main.yaml" if main else "Main.yaml", 2)
    content = {"urn": "urn:pulumi:dev::shop::aws:index/sqsQueue:SqsQueue::queue"}
    assert position_of(content, shop, yaml_lines(shop)) == expected


@pytest.mark.parametrize("text", ["", "a: [", "resources: 7", "- a", "resources: [a]", "7"])
def test_a_yaml_program_that_cannot_be_read_has_no_lines(tmp_path: Path, text: str) -> None:
    shop = project(tmp_path, "yaml")
    shop.file.write_text(text)
    assert yaml_lines(shop) == {}
    shop.file.unlink()
    assert yaml_lines(shop) == {}


def test_keys_that_are_no_names_are_passed_over(tmp_path: Path) -> None:
    shop = project(tmp_path, "yaml")
    shop.file.write_text("resources:\n  ? [a, b]\n  : {type: x}\n  good: {type: y}\n")
    assert yaml_lines(shop)["good"] == 4
