"""The wheel alone is a working command: with what it declares, and without what tests need."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests.e2e.installed import install_wheel
from tests.makers import MakersStack, makers_mirror
from tests.parts import require
from tests.unit.toolchain_machine import TOFU

CODE = """
resource "local_file" "motd" {
  filename = "${path.module}/out/motd.txt"
  content  = "hello"
}
"""
# What only the extras `pulumi` and `apprise` bring the imports for.
EXTRA = {
    "iac_adapters.pulumi.inline",
    "reconciler.notify.apprise_guard",
    "reconciler.notify.apprise_worker",
}
IMPORT_ALL = """
import ast, importlib, importlib.util, json, pathlib, pkgutil, sys
import iac_adapters, reconciler
failed, places, named = {}, set(), set()
for package in (iac_adapters, reconciler):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name.endswith(".__main__") or found.name.endswith(".migrations.env"):
            continue
        try:
            places.add(importlib.import_module(found.name).__file__)
        except ImportError as error:
            failed[found.name] = str(error)
loaded = sorted(sys.modules)
# Some are imported only when they are used.
for place in filter(None, places):
    for node in ast.walk(ast.parse(pathlib.Path(place).read_text())):
        if isinstance(node, ast.Import):
            named |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            named.add(node.module)
tops = {name.partition(".")[0] for name in named}
lacking = sorted(top for top in tops if importlib.util.find_spec(top) is None)
print(json.dumps([failed, sorted(places), loaded, lacking]))
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed `trueup`."""
    return install_wheel(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def stack(terraform: Executable, tmp_path_factory: pytest.TempPathFactory) -> MakersStack:
    mirror = require("makers", makers_mirror(os.environ), lack="TRUEUP_PROVIDER_MIRROR names it")
    folder = tmp_path_factory.mktemp("stack")
    made = MakersStack.made(folder, mirror=mirror, terraform=terraform.path, code=CODE)
    made.apply()
    return made


def ran(
    programs: Path, *arguments: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    # Nothing of the checkout may be seen from there.
    seen = {n: v for n, v in os.environ.items() if n != "PYTHONPATH"}
    return subprocess.run(
        [str(programs / arguments[0]), *arguments[1:]],
        cwd=cwd,
        env={**seen, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_import_is_of_something_declared(programs: Path, tmp_path: Path) -> None:
    done = ran(programs, "python", "-c", IMPORT_ALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    failed, places, loaded, lacking = json.loads(done.stdout)
    assert set(failed) == EXTRA, failed
    assert lacking == ["pulumi"]
    assert all(place.startswith(str(programs.parent)) for place in places)
    assert {"pulumi", "debugpy", "pytest", "moto", "boto3"}.isdisjoint(loaded)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--version"], "trueup"), (["--help"], "Usage: trueup"), (["help"], "Usage: trueup")],
)
def test_it_answers(programs: Path, arguments: list[str], words: str, tmp_path: Path) -> None:
    done = ran(programs, "trueup", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout


def test_a_stack_is_found_and_scanned(programs: Path, stack: MakersStack) -> None:
    above = stack.directory.parent
    environment = {**stack.environment, "TRUEUP_TERRAFORM": str(stack.terraform)}
    done = ran(programs, "trueup", "init", cwd=above, **environment)
    assert done.returncode == 0, done.stderr
    done = ran(programs, "trueup", "doctor", "--json", cwd=above, **environment)
    assert done.returncode == 0, done.stderr
    tools = {tool["name"]: tool for tool in json.loads(done.stdout)["tools"]}
    assert tools["code: registry.terraform.io/hashicorp/local"]["found"]
    done = ran(programs, "trueup", "scan", cwd=above, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (stack.directory / "out" / "motd.txt").unlink()
    done = ran(programs, "trueup", "scan", "--json", cwd=above, **environment)
    assert done.returncode == 2, done.stderr
    (seen,) = json.loads(done.stdout)["stacks"]
    assert [one["address"] for one in seen["findings"]] == ["local_file.motd"]


def test_a_tool_is_obtained_without_a_checkout(programs: Path, tmp_path: Path) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(
        '#!/bin/sh\n/bin/pwd >> "$HOME/where"\nwhile [ "$1" != -o ]; do shift; done\n'
        f'printf \'#!/bin/sh\\necho OpenTofu v{TOFU}\\n\' > "$2"; /bin/chmod +x "$2"\n'
    )
    go.chmod(0o755)
    own = {"PATH": str(go.parent), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}
    done = ran(programs, "trueup", "doctor", "--fix", cwd=tmp_path, **own)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c" / "trueup" / "toolchain" / f"tofu-{TOFU}" / "tofu").exists()
    assert str(programs.parent) in (tmp_path / "where").read_text()


def test_the_wheel_holds_nothing_that_is_made_again(programs: Path) -> None:
    (wheel,) = programs.parents[1].glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "reconciler/toolchain/tofu/go.sum" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]
