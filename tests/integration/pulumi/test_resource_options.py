"""Options of resources, and code that moves them: held against the CLI's own preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.domain.model import Drifted, Origin, Unmanaged, Verdict
from tests.worlds.pulumi.kv import KvProject
from tests.worlds.pulumi.tools import PulumiTools

_COMMON: Final = """
from typing import Any

import pulumi
from pulumi import Alias, ResourceOptions as Options


class Group(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("kv:index:Group", name, {})


def item(name: str, options: Any = None, *, kind: str = "Item", **more: Any) -> None:
    given = {"name": name, "value": "one", **more}
    pulumi.CustomResource(f"kv:index:{kind}", name, given, options)


first, second = Group("first"), Group("second")
tags = {"x": "1", "y": "1"}
rules = [{"port": "1", "c": "a"}, {"port": "2", "c": "b"}]
item("glob", Options(replace_on_changes=["tags.*"]), tags=tags)
item("any", Options(replace_on_changes=["*"]), tags=tags)
item("hidden", Options(additional_secret_outputs=["value"]), value="CANARY-hidden")
zones = Options(ignore_changes=["zones[0]"])
item("element", zones, zones=["a", "b"])
item("other", zones, zones=["a", "b"])
item("hidden-element", zones, zones=pulumi.Output.secret(["CANARY-a", "CANARY-b"]))
more = [*rules, {"port": "3", "c": "c"}]
item("first-gone", Options(ignore_changes=["rules[0]"]), rules=more)
item("last-gone", Options(ignore_changes=["rules[1]"]), rules=rules)
item("turned", Options(ignore_changes=["rules[0]"]), kind="Listed", rules=rules)
"""
BEFORE: Final = f"""{_COMMON}
item("moved", Options(parent=first), tags=tags)
item("edited", Options(parent=first), tags=tags)
item("nested", Options(ignore_changes=["rules[*].port", "tags.x"]), kind="Listed",
     rules=rules, tags=tags)
item("dotted", Options(ignore_changes=['tags["a.b"]', "size"]), tags={{**tags, "a.b": "1"}}, size=4)
item("kept", Options(retain_on_delete=True))
item("lost")
item("plain", word=pulumi.Output.secret("CANARY-plain"))
item("later", value="CANARY-later")
"""
AFTER: Final = f"""{_COMMON}
above = Options(parent=second, aliases=[Alias(parent=first)])
item("moved", above, tags=tags)
item("edited", above, tags={{**tags, "x": "2"}})
item("nested", Options(ignore_changes=["rules[*].port", "tags.x"]), kind="Listed",
     rules=[{{**rule, "port": "9"}} for rule in rules], tags={{**tags, "x": "9"}})
item("dotted", Options(ignore_changes=['tags["a.b"]', "size"]), tags={{**tags, "a.b": "9"}}, size=9)
item("plain", word="CANARY-plain")
item("later", Options(additional_secret_outputs=["value"]), value="CANARY-later")
"""
_WITHOUT: Final = frozenset({"same", "refresh"})


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """A Python program of native resources; each test changes what is there by itself."""
    folder = tmp_path_factory.mktemp("options")
    project = KvProject(folder=folder, program=pulumi.cli).laid()
    (project.directory / "Pulumi.yaml").write_text("name: kv\nruntime: python\n")
    (project.directory / "__main__.py").write_text(BEFORE)
    project.run("stack", "init")
    project.up()
    return project


@pytest.fixture
def project(deployed: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return deployed.copied(folder)


def by_hand(project: KvProject, name: str, **values: Any) -> None:
    with project.changed(name) as content:
        content.update(values)


def by_cli(project: KvProject) -> dict[str, str]:
    """Return by name what an update after a refresh does."""
    said = project.run("preview", "--refresh", "--json")
    steps = json.loads(said[said.index("{") :])["steps"]
    named = ((step["urn"].rpartition("::")[2], step["op"]) for step in steps)
    return {name: step for name, step in named if step not in _WITHOUT}


def ours(found: dict[str, Verdict]) -> dict[str, str]:
    """Return the same of what a scan found."""
    told: dict[str, str] = {}
    for name, verdict in found.items():
        if isinstance(verdict, Unmanaged):
            told[name] = "delete"
        elif isinstance(verdict, Drifted):
            told[name] = "replace" if verdict.requires_replace else "update"
    return told


async def test_what_options_ignore_and_replace_is_as_the_engine_has_it(project: KvProject) -> None:
    by_hand(project, "glob", tags={"x": "1", "y": "hand"})
    by_hand(project, "any", value="hand")
    by_hand(project, "nested", rules=[{"port": "hand", "c": "a"}, {"port": "2", "c": "b"}])
    by_hand(project, "dotted", tags={"x": "1", "y": "1", "a.b": "hand"}, size=99)
    by_hand(project, "hidden", value="CANARY-by-hand")
    by_hand(project, "element", zones=["hand", "b"])
    by_hand(project, "other", zones=["hand", "hand"])
    by_hand(project, "hidden-element", zones=["CANARY-by-hand", "CANARY-b"])
    # An index is a place in what was read: where an element went or moved, an update writes.
    second = {"port": "2", "c": "b"}
    by_hand(project, "first-gone", rules=[second, {"port": "3", "c": "c"}])
    by_hand(project, "last-gone", rules=[{"port": "1", "c": "a"}])
    by_hand(project, "turned", rules=[second, {"port": "1", "c": "hand"}])
    found = await project.scan()
    moved = ("first-gone", "last-gone", "turned")
    updated = dict.fromkeys(("glob", "hidden", "other", *moved), "update")
    assert ours(found) == by_cli(project) == {**updated, "any": "replace"}
    # A list of plain values is told as one: what is ignored of it has not moved.
    assert isinstance(found["other"], Drifted)
    (change,) = found["other"].changes
    assert (change.path, change.live, change.recorded) == ("zones", ["a", "hand"], ["a", "b"])
    assert "CANARY" not in repr(found)


async def test_code_that_moves_and_takes_out_is_as_the_engine_has_it(project: KvProject) -> None:
    (project.directory / "__main__.py").write_text(AFTER)
    by_hand(project, "moved", value="hand")
    by_hand(project, "nested", rules=[{"port": "hand", "c": "a"}, {"port": "2", "c": "hand"}])
    found = await project.scan()
    planned = by_cli(project)
    assert planned.pop("kept") == "delete"
    told = ours(found)
    assert told.pop("kept") == "update"
    assert told == planned
    assert planned.keys() == {"moved", "edited", "nested", "lost"}
    kept = found["kept"]
    assert isinstance(kept, Drifted)
    assert kept.origin is Origin.UNAPPLIED
    assert "leaves the object" in str(kept.reason)
    assert "CANARY" not in repr(found)
    # As the engine then does.
    project.up()
    assert project.object_file("kept").exists()
    assert not project.object_file("lost").exists()
