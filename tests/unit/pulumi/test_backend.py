"""Where a stack's record lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from iac_adapters.pulumi.backend import (
    Place,
    backend_url,
    known_stacks,
    locate_stack,
    unchosen,
)
from iac_adapters.pulumi.baseline import stack_key
from iac_adapters.pulumi.project import Project
from reconciler.domain.errors import PermanentError


def shop(folder: Path, backend: str | None = None) -> Project:
    return Project(folder, folder / "Pulumi.yaml", "shop", "yaml", backend=backend)


def kept(root: Path, *files: str) -> Path:
    for name in files:
        file = root / ".pulumi" / "stacks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def found(root: Path, stack: str = "dev") -> Place:
    project = shop(root)
    return locate_stack(project, url=f"file://{root}", stack=stack)


@pytest.mark.parametrize(
    ("environment", "project", "login", "url", "reason"),
    [
        ({"PULUMI_BACKEND_URL": "s3://a"}, "s3://b", "s3://c", "s3://a", "the environment wins"),
        ({}, "s3://b", "s3://c", "s3://b", "then the project"),
        ({}, None, "s3://c", "s3://c", "then where one is logged in"),
        ({}, None, None, "https://api.pulumi.com", "else Pulumi's own"),
        ({"PULUMI_BACKEND_URL": ""}, "s3://b", None, "s3://b", "an empty variable is none"),
    ],
)
def test_the_backend_is_the_clis(
    *,
    tmp_path: Path,
    environment: Mapping[str, str],
    project: str | None,
    login: str | None,
    url: str,
    reason: str,
) -> None:
    if login is not None:
        (tmp_path / "credentials.json").write_text(json.dumps({"current": login}))
    given = {"PULUMI_HOME": str(tmp_path), **environment}
    assert backend_url(shop(tmp_path, project), given) == url, reason


@pytest.mark.parametrize("content", ["", "[]", '{"current": 7}', '{"current": ""}'])
def test_damaged_credentials_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials.json").write_text(content)
    url = backend_url(shop(tmp_path), {"PULUMI_HOME": str(tmp_path)})
    assert url == "https://api.pulumi.com"


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
@pytest.mark.parametrize("stack", ["dev", "organization/shop/dev"])
def test_a_stack_of_a_folder_has_its_files_there(tmp_path: Path, ending: str, stack: str) -> None:
    kept(tmp_path, f"shop/dev{ending}")
    place = found(tmp_path, stack)
    book = tmp_path / ".pulumi"
    assert place.state_file == book / "stacks" / "shop" / f"dev{ending}"
    assert place.lock_folder == book / "locks" / "organization" / "shop" / "dev"
    assert place.history_folder == book / "history" / "shop" / "dev"
    assert place.label == "shop/dev"


def test_a_stack_from_before_projects_had_folders_is_found(tmp_path: Path) -> None:
    kept(tmp_path, "dev.json")
    place = found(tmp_path)
    assert place.legacy
    assert place.state_file == tmp_path / ".pulumi" / "stacks" / "dev.json"
    assert place.lock_folder == tmp_path / ".pulumi" / "locks" / "dev"
    assert place.history_folder == tmp_path / ".pulumi" / "history" / "dev"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file://~", "home"),
        ("file://~/states", "home/states"),
        ("file://./states", "code/states"),
        ("file://states", "code/states"),
        ("file://{root}/with%20space", "with space"),
        ("file://{root}/states?no_tmp_dir=true", "states"),
    ],
)
def test_a_folder_may_be_named_in_many_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, folder: str
) -> None:
    """Row P12: the CLI asks the system for the home, whatever HOME says."""
    kept(tmp_path / folder, "shop/dev.json")
    project = shop(tmp_path / "code")
    user = SimpleNamespace(pw_dir=str(tmp_path / "home"))
    monkeypatch.setattr("pwd.getpwuid", lambda _number: user)
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    place = locate_stack(project, url=url.format(root=tmp_path), stack="dev")
    assert place.state_file is not None
    assert place.state_file.is_relative_to(tmp_path / folder)


@pytest.mark.parametrize("ending", [".json", ".json.zst"])
def test_two_checkouts_with_the_same_relative_url_are_two_backends(
    tmp_path: Path, ending: str
) -> None:
    names = set()
    for checkout in ("a", "b"):
        kept(tmp_path / checkout / "states", f"shop/dev{ending}")
        place = locate_stack(shop(tmp_path / checkout), url="file://./states", stack="dev")
        names.add(stack_key(place))
    assert len(names) == 2


@pytest.mark.parametrize("url", ["s3://bucket", "https://api.pulumi.com", "azblob://states"])
def test_what_is_no_folder_is_left_to_the_cli(tmp_path: Path, url: str) -> None:
    place = locate_stack(shop(tmp_path), url=url, stack="org/shop/dev")
    assert place == Place(url, "shop", "dev")
    assert (place.state_file, place.lock_folder, place.history_folder) == (None, None, None)


def test_a_record_packed_with_zstd_is_left_to_the_cli(tmp_path: Path) -> None:
    kept(tmp_path, "shop/dev.json.zst")
    assert found(tmp_path).root is None


def test_a_stack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    kept(
        tmp_path,
        "shop/prod.json",
        "shop/dev.json.gz",
        "shop/dev.json.bak",
        "shop/dev.json.attrs",
        "old.json",
        "other/else.json",
    )
    assert known_stacks(shop(tmp_path), tmp_path) == ("dev", "old", "prod")
    with pytest.raises(PermanentError, match=r"no stack 'test' in .* \(stacks: dev, old, prod\)"):
        found(tmp_path, "test")
    error = unchosen(shop(tmp_path), f"file://{tmp_path}")
    assert "no stack is selected (stacks: dev, old, prod)" in str(error)
    assert "--stack" in str(error.remedy)


def test_a_folder_without_any_stack_says_so(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"\(stacks: none\)"):
        found(tmp_path)
    assert str(unchosen(shop(tmp_path), "s3://bucket")).endswith("no stack is selected")
