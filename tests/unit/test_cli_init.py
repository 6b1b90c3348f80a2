from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.init import render_settings
from reconciler.cli.main import run
from reconciler.discovery import FoundStack, discover_stacks
from reconciler.registry import InstalledTools
from reconciler.settings_file import load_settings


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_tf", ".tf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(
        tmp_path,
        infra__web__main_tf='terraform {\n}\nmodule "net" {\n  source = "../../modules/net"\n}\n',
        modules__net__main_tf='terraform {\n}\nmodule "deep" { \n source = "./deep/"\n}\n',
        modules__net__deep__main_tf='provider "aws" {}\n',
        modules__unused__main_tf='variable "x" {}\n',
        infra__web__dot__main_tf="variable {}\n",
        infra__db__main_tf='resource "terraform_data" "x" {}\n',
        infra__db__terraform_tfstate="{}",
    )
    (tmp_path / "infra/db/terraform.tfstate").write_text("{}")
    hidden = tmp_path / "infra/web/.terraform/modules/x"
    hidden.mkdir(parents=True)
    (hidden / "main.tf").write_text("terraform {}")
    project = tmp_path / "apps" / "api"
    project.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: api\nruntime: python\n")
    (project / "Pulumi.dev.yaml").touch()
    (project / "Pulumi.prod.yaml").touch()
    return tmp_path


def found(root: Path) -> list[tuple[str, str, str]]:
    return [
        (s.name, s.tool, os.path.relpath(s.directory, root))
        for s in discover_stacks(root, InstalledTools()).stacks
    ]


def test_roots_are_found_and_modules_are_not(tree: Path) -> None:
    assert found(tree) == [
        ("api", "pulumi", "apps/api"),
        ("db", "terraform", "infra/db"),
        ("web", "terraform", "infra/web"),
    ]


def test_caches_and_modules_of_terragrunt_are_no_stacks(tmp_path: Path) -> None:
    """Row T18."""
    write(
        tmp_path,
        modules__vpc__main_tf='provider "aws" {}\n',
        modules__app__main_tf='provider "aws" {}\n',
        own__main_tf='provider "aws" {}\n',
    )
    live = tmp_path / "live" / "prod"
    cached = live / "vpc" / ".terragrunt-cache" / "a" / "b"
    (live / "app").mkdir(parents=True)
    cached.mkdir(parents=True)
    (cached / "main.tf").write_text('provider "aws" {}\n')
    source = 'terraform {\n  source = "%s"\n}\n'
    (live / "vpc" / "terragrunt.hcl").write_text(source % "../../..//modules/vpc")
    (live / "app" / "terragrunt.hcl").write_text(source % "${get_repo_root()}//modules/app")
    assert [name for name, *_ in found(tmp_path)] == ["own"]


UNIT = 'include "root" {\n  path = find_in_parent_folders()\n}\n'


def test_init_names_each_terragrunt_hcl_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row T18: a repository of Terragrunt is told why it has fewer stacks than folders."""
    write(tmp_path, own__main_tf='provider "aws" {}\n')
    for unit in ("vpc", "app"):
        (tmp_path / "live" / unit).mkdir(parents=True)
        (tmp_path / "live" / unit / "terragrunt.hcl").write_text(UNIT)
    # What the units include is no unit.
    (tmp_path / "terragrunt.hcl").write_text('remote_state {\n  backend = "s3"\n}\n')
    assert run(["init", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "left out live/app/terragrunt.hcl: Terragrunt makes the code" in told
    assert "left out live/vpc/terragrunt.hcl: Terragrunt makes the code" in told
    assert told.count("left out") == 2
    assert told.count("run `terragrunt init` in it") == 1
    assert 'name = "own"' in (tmp_path / "trueup.toml").read_text()


def test_init_where_all_is_terragrunt_says_so_beside_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row T18."""
    for number in range(12):
        (tmp_path / f"unit{number:02}").mkdir()
        (tmp_path / f"unit{number:02}" / "terragrunt.hcl").write_text(UNIT)
    assert run(["init", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "left out unit09/terragrunt.hcl" in told
    assert "left out 2 more of these" in told
    assert not (tmp_path / "trueup.toml").exists()


def test_a_loop_of_links_ends(tree: Path) -> None:
    (tree / "infra" / "loop").symlink_to(tree)
    (tree / "infra" / "web" / "self").symlink_to(".")
    assert len(found(tree)) == 3


def test_stacks_of_one_directory_name_are_told_apart(tmp_path: Path) -> None:
    for region in ("eu", "us"):
        (tmp_path / region / "net").mkdir(parents=True)
        (tmp_path / region / "net" / "main.tf").write_text('provider "aws" {}\n')
    assert [name for name, _, _ in found(tmp_path)] == ["eu-net", "us-net"]


def test_json_syntax_and_unreadable_bytes_do_no_harm(tmp_path: Path) -> None:
    for name, content in (("a/main.tf.json", b'{"provider": {}}'), ("b/main.tf", b"\xff\x00\xfe")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a" / "x.tf.json").write_text('{\n  "terraform": {}\n}')
    assert [name for name, _, _ in found(tmp_path)] == ["a"]


def test_what_init_writes_can_be_loaded(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tree)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "3 stacks" in told.err
    settings = load_settings(tree / "trueup.toml", {}, tools=InstalledTools())
    assert [stack.name for stack in settings.stacks] == ["api", "db", "web"]
    assert settings.stacks[0].options == {"pulumi_stack": "dev"}


def test_an_existing_file_is_kept_unless_forced(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tree / "trueup.toml"
    file.write_text("# mine\n")
    assert run(["init", str(tree)]) == 1
    assert f"trueup init {tree} --add" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"
    assert run(["init", str(tree), "--force"]) == 0
    assert "[[stack]]" in file.read_text()


def test_nothing_to_watch_is_an_error_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path)]) == 1
    assert "code found in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@given(
    st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0/"))
)
def test_any_name_survives_the_file(name: str) -> None:
    text = render_settings(
        [FoundStack(name=name, directory=Path("/base") / "x", tool="terraform")], base=Path("/base")
    )
    assert tomllib.loads(text)["stack"][0]["name"] == name


def test_new_stacks_are_added_and_nothing_else_changes(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tree / "trueup.toml"
    mine = '# mine\n[[stack]]\nname = "api"\ndirectory = "infra/web"  # known\n'
    file.write_text(mine)
    assert run(["init", str(tree), "--add"]) == 0
    assert "2 stacks" in capsys.readouterr().err
    assert file.read_text().startswith(mine)
    settings = load_settings(file, {})
    assert [stack.name for stack in settings.stacks] == ["api", "apps-api", "db"]
    before = file.read_text()
    assert run(["init", str(tree), "--add"]) == 0
    assert "nothing was changed" in capsys.readouterr().err
    assert file.read_text() == before


def test_stacks_that_cannot_be_added_are_shown_instead(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tree / "trueup.toml"
    file.write_text('stack = [{name = "x", directory = "infra/web"}]\n')
    assert run(["init", str(tree), "--add"]) == 1
    assert 'name = "db"' in capsys.readouterr().err
    assert file.read_text().startswith("stack = [")


def test_a_replaced_file_is_kept_as_a_copy(tree: Path) -> None:
    file = tree / "trueup.toml"
    for text in ("# first\n", "# second\n"):
        file.write_text(text)
        assert run(["init", str(tree), "--force"]) == 0
    assert (tree / "trueup.toml.bak").read_text() == "# first\n"
    assert (tree / "trueup.toml.bak.1").read_text() == "# second\n"
