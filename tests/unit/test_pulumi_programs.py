"""Where Pulumi's programs and plugins are found, and which CLI is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from iac_adapters.pulumi.programs import (
    PulumiExecutable,
    checked_pulumi,
    find_beside,
    find_plugin,
    find_pulumi,
    is_stand_in,
    pulumi_home,
    tool_environment,
)
from reconciler.domain.errors import PermanentError

ROOT = Path(__file__).parents[2]
BUILT = ".cache/trueup/toolchain"
PLUGINS = ".pulumi/plugins"
HOST = "pulumi-language-python"


def program(path: Path, says: str = "v3.259.0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path}/bin:{tmp_path}/bin2", "HOME": str(tmp_path)}


def test_the_cli_is_searched_in_the_promised_order(tmp_path: Path, machine: dict[str, str]) -> None:
    assert find_pulumi(machine) is None
    program(tmp_path / BUILT / "pulumi-resource-terraform-provider-9.0.0" / "pulumi")
    assert find_pulumi(machine) is None
    for folder in (
        f"{BUILT}/pulumi-3.99.0",
        f"{BUILT}/pulumi-3.259.0",
        ".local/share/trueup/pulumi-installed/bin",
        ".pulumi/bin",
        ".local/share/trueup/bin",
        "bin2",
        "bin",
    ):
        path = program(tmp_path / folder / "pulumi")
        assert find_pulumi(machine) == path
    named = program(tmp_path / "elsewhere" / "pulumi-of-today")
    assert find_pulumi({**machine, "TRUEUP_PULUMI": str(named)}) == named
    assert find_pulumi({**machine, "TRUEUP_PULUMI": "/nowhere/pulumi"}) is None


def test_what_stands_beside_is_found_as_the_cli_finds_it(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    real = tmp_path / "opt" / "pulumi" / "bin"
    program(real / "pulumi")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(real / "pulumi")
    assert find_beside(HOST, machine) is None
    beside = program(real / HOST)
    assert find_beside(HOST, machine) == beside
    on_path = program(tmp_path / "bin2" / HOST)
    assert find_beside(HOST, machine) == on_path


def test_the_host_of_a_cli_off_path_comes_before_one_on_it(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    program(tmp_path / "bin" / HOST)
    program(tmp_path / BUILT / "pulumi-3.259.0" / "pulumi")
    own = program(tmp_path / BUILT / "pulumi-3.259.0" / HOST)
    assert find_beside(HOST, machine) == own


@pytest.mark.parametrize(
    ("there", "version", "expected"),
    [
        pytest.param([], "1.0.0", None, id="none is there"),
        pytest.param(["v1.0.0", "v1.2.0", "v2.0.0"], "1.0.0", "v1.0.0", id="exactly that one"),
        pytest.param(["v1.0.0"], "v1.0.0", "v1.0.0", id="a `v` is no part of a version"),
        pytest.param(["bin", "v1.0.0"], "1.0.0", "v1.0.0", id="the exact one before PATH"),
        pytest.param(["bin", "v1.2.0"], "1.0.0", "bin", id="PATH before another version"),
        pytest.param(["cli", "v1.2.0"], "1.0.0", "cli", id="beside the CLI, likewise"),
        pytest.param(["built-3.0.0", "v1.2.0"], "1.0.0", "built-3.0.0", id="built, likewise"),
        pytest.param(["bin", "built-3.0.0"], "3.0.0", "built-3.0.0", id="built, and exact"),
        pytest.param(["built-3.0.0", "built-3.10.0"], None, "built-3.10.0", id="newest built"),
        pytest.param(["v1.9.0", "v1.10.0", "v2.0.0"], "1.0.0", "v1.10.0", id="its major version"),
        pytest.param(["v2.0.0"], "1.0.0", None, id="another major version does not do"),
        pytest.param(["v1.9.0", "v2.0.0"], None, "v2.0.0", id="any version: the newest"),
        pytest.param(["v1.0.0-alpha.1", "v1.0.0"], None, "v1.0.0", id="a release over previews"),
        pytest.param(["v1.9.0", "v1.9.1!"], "1.0.0", "v1.9.0", id="not one half downloaded"),
        pytest.param(["v1.0.0!"], "1.0.0", None, id="nor the exact one half downloaded"),
    ],
)
def test_a_plugin_is_chosen_by_version(
    tmp_path: Path, machine: dict[str, str], there: list[str], version: str | None, expected: str
) -> None:
    program(tmp_path / "bin" / "pulumi")
    program(tmp_path / "cli" / "pulumi")
    program(tmp_path / PLUGINS / "resource-other-v9.0.0" / "pulumi-resource-other")
    program(tmp_path / PLUGINS / "resource-cloud-extra-v9.0.0" / "pulumi-resource-cloud-extra")
    placed = {}
    for word in there:
        folder = tmp_path / word
        if word.startswith("v"):
            folder = tmp_path / PLUGINS / f"resource-cloud-{word.rstrip('!')}"
        if word.startswith("built-"):
            folder = tmp_path / BUILT / word.replace("built", "pulumi-resource-cloud")
        placed[word] = program(folder / "pulumi-resource-cloud")
        if word.endswith("!"):
            folder.with_name(f"{folder.name}.partial").touch()
    environment = {**machine, "TRUEUP_PULUMI": str(tmp_path / "cli" / "pulumi")}
    assert find_plugin("cloud", version, environment) == placed.get(expected)


def test_plugins_are_searched_in_the_home_that_is_named(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    program(tmp_path / PLUGINS / "resource-cloud-v1.0.0" / "pulumi-resource-cloud")
    named = {**machine, "PULUMI_HOME": str(tmp_path / "other")}
    assert (pulumi_home(machine), pulumi_home(named)) == (tmp_path / ".pulumi", tmp_path / "other")
    assert find_plugin("cloud", "1.0.0", named) is None


def test_the_stand_in_is_told_from_the_official_host(tmp_path: Path) -> None:
    assert is_stand_in(ROOT / "toolchain" / "stand_in" / HOST)
    assert not is_stand_in(program(tmp_path / "a wrapper"))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x7fELF language_host.py")
    assert not is_stand_in(binary)
    assert not is_stand_in(tmp_path / "absent")


def test_a_cli_on_path_leaves_path_as_it_is(tmp_path: Path, machine: dict[str, str]) -> None:
    program(tmp_path / "bin2" / "pulumi")
    program(tmp_path / "bin2" / HOST)
    made = tool_environment({**machine, "AWS_PROFILE": "x"})
    assert made == {
        **machine,
        "AWS_PROFILE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def test_a_cli_off_path_comes_first_with_an_interpreter_for_the_stand_in(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    cli = program(tmp_path / BUILT / "pulumi-3.259.0" / "pulumi")
    (cli.parent / HOST).symlink_to(ROOT / "toolchain" / "stand_in" / HOST)
    made = tool_environment(machine)
    assert made["PATH"] == f"{cli.parent}:{machine['PATH']}"
    assert made["PULUMI_PYTHON_CMD"] == sys.executable
    assert tool_environment({**machine, "PULUMI_PYTHON_CMD": "py"})["PULUMI_PYTHON_CMD"] == "py"
    assert tool_environment(made) == made


def test_a_named_cli_comes_before_the_one_on_path(tmp_path: Path, machine: dict[str, str]) -> None:
    program(tmp_path / "bin" / "pulumi")
    named = program(tmp_path / "named" / "pulumi")
    made = tool_environment({**machine, "TRUEUP_PULUMI": str(named)})
    assert made["PATH"].split(":")[0] == str(named.parent)


def test_the_built_bridge_is_offered_where_none_is_installed(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    program(tmp_path / "bin" / "pulumi")
    name = "pulumi-resource-terraform-provider"
    built = program(tmp_path / BUILT / f"{name}-3.136.0" / name)
    assert tool_environment(machine)["PATH"] == f"{machine['PATH']}:{built.parent}"
    program(tmp_path / PLUGINS / "resource-terraform-provider-v1.0.0" / name)
    assert tool_environment(machine)["PATH"] == machine["PATH"]


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("v3.259.0", "3.259.0"),
        ("3.190.0", "3.190.0"),
        ("v3.300.1-alpha.x2+dirty", "3.300.1-alpha.x2+dirty"),
        ("v4.0.0", "4.0.0"),
    ],
)
def test_a_version_is_read(
    tmp_path: Path, machine: dict[str, str], says: str, version: str
) -> None:
    path = program(tmp_path / "bin" / "pulumi", says)
    assert checked_pulumi(machine) == PulumiExecutable(path=path, version=version)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("v3.189.9", "pulumi 3.189.9 is too old; 3.190 or later is needed"),
        ("v2.25.2", "too old"),
        ("dev", "does not answer `version`"),
        ("", "does not answer `version`"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, machine: dict[str, str], says: str, words: str
) -> None:
    path = program(tmp_path / "bin" / "pulumi", says)
    with pytest.raises(PermanentError) as caught:
        checked_pulumi(machine)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "TRUEUP_PULUMI" in str(caught.value.remedy)


def test_an_absent_cli_is_refused_with_a_way_to_get_it(machine: dict[str, str]) -> None:
    with pytest.raises(PermanentError, match="pulumi was not found") as caught:
        checked_pulumi(machine)
    assert "trueup doctor --fix pulumi" in str(caught.value.remedy)
    with pytest.raises(PermanentError, match="/nowhere: no program is there"):
        checked_pulumi({**machine, "TRUEUP_PULUMI": "/nowhere"})


def test_a_version_is_asked_for_once_and_again_after_a_change(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    path = program(tmp_path / "bin" / "pulumi", "v3.200.0")
    path.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\necho v3.200.0\n")
    assert checked_pulumi(machine).version == checked_pulumi(machine).version == "3.200.0"
    assert (tmp_path / "asked").read_text() == "asked\n"
    status = path.stat()
    path.write_text("#!/bin/sh\necho v3.201.0\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert checked_pulumi(machine).version == "3.201.0"
