from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.entry_points import entry_points, points_in
from reconciler.ports import Claim
from reconciler.registry import InstalledTools
from reconciler.stack_options import StackOptions
from tests.strangers.installed import register

WORLD = "tests.strangers.json_world.factory:WorldFactory"


class ClaimsAll:
    """A factory that takes every directory for a project of its own."""

    looks_for = "anything"
    options = StackOptions
    discover = open = None

    def detect(self, directory: Path) -> Claim | None:
        del directory
        return Claim.PROJECT


class Halfway:
    looks_for = "nothing"


class Breaks:
    def __init__(self) -> None:
        raise ValueError("no licence")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    folder = tmp_path / "stack"
    folder.mkdir()
    return folder


def named(factory: type) -> str:
    return f"{__name__}:{factory.__name__}"


def test_names_are_known_without_any_import(site: Path) -> None:
    register(site, tool="world", value="there.is:NoSuchModule")
    assert InstalledTools().names() == ("pulumi", "terraform", "world")


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        (["main.tf"], "terraform"),
        (["main.tofu.json"], "terraform"),
        (["Pulumi.yml"], "pulumi"),
        (["world.json"], "world"),
        (["main.tf", "Pulumi.yaml"], "pulumi"),
        (["main.tf", "world.json"], "world"),
    ],
)
def test_a_stack_is_the_tools_with_the_strongest_claim(
    site: Path, stack: Path, files: list[str], tool: str
) -> None:
    register(site, tool="world", value=WORLD)
    for file in files:
        (stack / file).touch()
    assert InstalledTools().detect(stack) == tool


def test_two_equal_claims_are_settled_by_a_person(site: Path, stack: Path) -> None:
    register(site, tool="world", value=WORLD)
    (stack / "Pulumi.yaml").touch()
    (stack / "world.json").touch()
    with pytest.raises(PermanentError, match="a stack of pulumi and of world") as caught:
        InstalledTools().detect(stack)
    assert '`tool = "pulumi"`' in str(caught.value.remedy)


def test_what_nobody_claims_is_told_with_what_was_looked_for(site: Path, stack: Path) -> None:
    register(site, tool="world", value=WORLD)
    with pytest.raises(PermanentError, match=r"no Pulumi.yaml and no \*.tf file and no world.json"):
        InstalledTools().detect(stack)
    with pytest.raises(PermanentError, match="does not exist"):
        InstalledTools().detect(stack / "gone")
    (stack / "file").touch()
    with pytest.raises(PermanentError, match="is not a directory"):
        InstalledTools().detect(stack / "file")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("there.is:NoSuchModule", "ModuleNotFoundError"),
        (named(Breaks), "ValueError: no licence"),
        (named(Halfway), "has no options, detect, discover, open"),
    ],
)
def test_a_broken_adapter_stops_its_own_stacks_only(
    site: Path, stack: Path, value: str, words: str
) -> None:
    register(site, tool="broken", value=value)
    tools = InstalledTools()
    (stack / "main.tf").touch()
    assert tools.detect(stack) == "terraform"
    assert set(tools.every_options()) == {"pulumi", "terraform"}
    with pytest.raises(PermanentError, match=words) as caught:
        tools.factory("broken")
    assert caught.value.remedy
    with pytest.raises(PermanentError, match=words):
        tools.detect(site)


def test_two_adapters_of_one_name_are_refused(site: Path) -> None:
    register(site, tool="terraform", value=named(ClaimsAll))
    with pytest.raises(PermanentError, match="2 adapters are named 'terraform'"):
        InstalledTools().factory("terraform")


def test_one_adapter_seen_twice_is_one(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(site, tool="all", value=named(ClaimsAll))
    monkeypatch.syspath_prepend(register(tmp_path / "again", tool="all", value=named(ClaimsAll)))
    assert InstalledTools().factory("all").looks_for == "anything"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[trueup.adapters]\nworld = a.b:C\n", [("world", "a.b:C")]),
        ("[other]\nworld = a:B\n", []),
        ("# said\n[ trueup.adapters ]\nx=a:B [extra]\n\n; y = c:D\n[z]\nw = e:F", [("x", "a:B")]),
        ("[trueup.adapters]\n", []),
        ("", []),
    ],
)
def test_entry_points_are_read_as_the_format_says(text: str, found: list[tuple[str, str]]) -> None:
    assert list(points_in(text, "trueup.adapters")) == found


def test_entry_points_are_those_that_python_finds_itself(site: Path) -> None:
    register(site, tool="world", value=WORLD)
    for group in ("console_scripts", "trueup.adapters", "pytest11"):
        found = {(point.name, point.value) for point in entry_points(group)}
        assert found == {(one.name, one.value) for one in metadata.entry_points(group=group)}


def test_what_lies_in_an_archive_is_asked_of_python(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(site, tool="world", value=WORLD)
    archive = shutil.make_archive(str(site / "made"), "zip", site)
    shutil.rmtree(site / "world-1.0.dist-info")
    monkeypatch.syspath_prepend(archive)
    assert "world" in InstalledTools().names()


def test_what_lies_in_an_egg_is_asked_of_python(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(site, tool="world", value=WORLD)
    egg = site / "world-1.0-py3.egg"
    egg.mkdir()
    (site / "world-1.0.dist-info").rename(egg / "EGG-INFO")
    (egg / "EGG-INFO" / "METADATA").rename(egg / "EGG-INFO" / "PKG-INFO")
    monkeypatch.syspath_prepend(egg)
    assert "world" in InstalledTools().names()
