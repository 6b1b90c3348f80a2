"""Files and archives as values: what a preview would change is unapplied, and nothing else."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from reconciler.domain.model import Drifted, InSync, Origin
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.tools import PulumiTools

from .test_engine_steps import paths

Edit = Callable[[KvProject], None]


def _file(path: str) -> dict[str, str]:
    return {"fn::fileAsset": path}


_MEMBERS: Final = {"a.txt": _file("./one.txt"), "b.txt": {"fn::stringAsset": "inner"}}


def _zip(folder: Path, text: str) -> None:
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        # A time of its own, so that the same content gives the same bytes.
        archive.writestr(zipfile.ZipInfo("x.txt"), text)


@pytest.fixture(scope="module")
def template(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """A project with each kind of asset and archive, brought about; for copying only."""
    project = kv_project(tmp_path_factory.mktemp("assets"), pulumi)
    code = project.directory
    for name in ("one.txt", "two.txt"):
        (code / name).write_text("first")
    (code / "folder" / "deep").mkdir(parents=True)
    (code / "folder" / "deep" / "x.txt").write_text("first")
    _zip(code, "first")
    project.write(
        file=item("file", file=_file("./one.txt")),
        text=item("text", file={"fn::stringAsset": "first"}),
        folder=item("folder", bundle={"fn::fileArchive": "./folder"}),
        zip=item("zip", bundle={"fn::fileArchive": "./bundle.zip"}),
        several=item("several", bundle={"fn::assetArchive": _MEMBERS}),
        plain=item("plain"),
    )
    project.up()
    return project


@pytest.fixture
def project(template: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return template.copied(folder)


def _written(name: str, text: str) -> Edit:
    def edit(project: KvProject) -> None:
        (project.directory / name).write_text(text)

    return edit


def _other_path(project: KvProject) -> None:
    project.edit("file", file=_file("./two.txt"))


def _other_text(project: KvProject) -> None:
    project.edit("text", file={"fn::stringAsset": "second"})


def _other_zip(project: KvProject) -> None:
    _zip(project.directory, "second")


def _kind(project: KvProject) -> None:
    project.edit("text", file=_file("./one.txt"))


def _taken_away(project: KvProject) -> None:
    project.edit("folder", bundle=None)


def planned(project: KvProject) -> set[str]:
    """Return what `pulumi preview` would change, by logical name."""
    steps = json.loads(project.run("preview", "--refresh=false", "--json"))["steps"]
    return {step["urn"].rpartition("::")[2] for step in steps if step["op"] != "same"}


@pytest.mark.parametrize(
    ("edit", "places"),
    [
        pytest.param(lambda _project: None, {}, id="untouched"),
        pytest.param(
            _written("one.txt", "second"),
            {"file": "file.hash", "several": "bundle.hash"},
            id="content of a file",
        ),
        pytest.param(_written("two.txt", "unused"), {}, id="a file that nothing uses"),
        pytest.param(_other_path, {}, id="another path to the same content"),
        pytest.param(_other_text, {"text": "file.hash"}, id="text"),
        pytest.param(_written("folder/deep/x.txt", "2"), {"folder": "bundle.hash"}, id="folder"),
        pytest.param(_written("folder/new.txt", "2"), {"folder": "bundle.hash"}, id="new file"),
        pytest.param(_other_zip, {"zip": "bundle.hash"}, id="zip"),
        pytest.param(_kind, {}, id="a file with the content of the text"),
        pytest.param(_taken_away, {"folder": "bundle"}, id="taken away"),
    ],
)
async def test_an_asset_is_its_content(
    project: KvProject, edit: Edit, places: dict[str, str]
) -> None:
    edit(project)
    found = await project.scan()
    seen = {name: paths(one) for name, one in found.items() if isinstance(one, Drifted)}
    assert seen == {name: {place: Origin.UNAPPLIED} for name, place in places.items()}
    assert planned(project) == places.keys()


async def test_drift_of_an_object_with_an_asset_is_found(project: KvProject) -> None:
    with project.changed("file") as content:
        content["file"] = {**content["file"], "hash": "0" * 64}
        content["value"] = "hacked"
    with project.changed("several") as content:
        content["bundle"] = None
    found = await project.scan()
    assert paths(found["file"]) == dict.fromkeys(("file.hash", "value"), Origin.OUT_OF_BAND)
    assert isinstance(found["several"], Drifted)
    assert isinstance(found["zip"], InSync)
