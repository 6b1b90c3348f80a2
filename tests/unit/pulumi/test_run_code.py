"""A Pulumi project that may not run code is refused by the line that would."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.pulumi.project import load_project
from iac_adapters.pulumi.run_code import refuse_code
from reconciler.domain.errors import PermanentError


def _written(folder: Path, text: str) -> Path:
    file = folder / "Pulumi.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("runtime", ["python", "nodejs", "{name: go}"])
def test_a_program_is_refused_by_the_line_of_its_runtime(tmp_path: Path, runtime: str) -> None:
    file = _written(tmp_path, f"name: shop\ndescription: a shop\nruntime: {runtime}\n")
    with pytest.raises(PermanentError, match="`run_code = false` forbids that") as raised:
        refuse_code(load_project(tmp_path))
    assert f"{file}:3: " in str(raised.value)


def test_a_project_in_yaml_is_no_program_unless_it_calls_a_command(tmp_path: Path) -> None:
    _written(tmp_path, "name: shop\nruntime: yaml\nresources: {}\n")
    refuse_code(load_project(tmp_path))
    file = tmp_path / "Main.yaml"
    file.write_text("variables:\n  who:\n    fn::invoke:\n      function: command:local:run\n")
    with pytest.raises(PermanentError) as raised:
        refuse_code(load_project(tmp_path))
    assert f"{file}:4: a command is run" in str(raised.value)


@pytest.mark.parametrize(
    ("more", "line", "what"),
    [
        (
            "runtime:\n  name: yaml\n  options:\n    compiler: ./make.sh\n",
            5,
            "the compiler of shop",
        ),
        ("runtime: {name: yaml, options: {compiler: sh x}}\n", 2, "the compiler of shop"),
        (
            "runtime: yaml\nplugins:\n  providers:\n    - {name: kv, path: ./bin}\n",
            3,
            "the plugin ./bin",
        ),
        ("runtime: yaml\npackages:\n  kv: ../kv\n", 3, "the plugin ../kv"),
        (
            "runtime: yaml\npackages:\n  kv: {source: github.com/acme/kv}\n",
            3,
            "the plugin github.com/acme/kv",
        ),
    ],
)
def test_a_project_in_yaml_that_names_a_program_is_refused(
    tmp_path: Path, more: str, line: int, what: str
) -> None:
    file = _written(tmp_path, f"name: shop\n{more}resources: {{}}\n")
    with pytest.raises(PermanentError, match="`run_code = false` forbids that") as raised:
        refuse_code(load_project(tmp_path))
    assert str(raised.value).startswith(f"{file}:{line}: {what} is run at each scan")


def test_a_package_of_a_registry_is_no_program_of_the_project(tmp_path: Path) -> None:
    packages = "packages:\n  random: random@4.0.0\n  tf: {source: terraform-provider}\n"
    _written(tmp_path, f"name: shop\nruntime: yaml\n{packages}resources: {{}}\n")
    refuse_code(load_project(tmp_path))
