"""Which Python runs Pulumi programs, with and without the SDK beside trueup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi import sdk
from iac_adapters.pulumi.project import Project
from reconciler.domain.errors import PermanentError


def project(directory: Path, **options: Any) -> Project:
    return Project(
        directory=directory,
        file=directory / "Pulumi.yaml",
        name="shop",
        runtime="python",
        options=options,
    )


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the SDK not be installed."""
    monkeypatch.setattr(sdk, "find_spec", lambda _: None)


def test_our_own_python_is_taken_where_the_sdk_is_in_it(tmp_path: Path) -> None:
    assert sdk.sdk_installed()
    sdk.require_sdk("an inline program")
    assert sdk.program_python(project(tmp_path), {}) == sys.executable
    assert sdk.host_python(project(tmp_path, virtualenv="venv")) == sys.executable


@pytest.mark.parametrize(
    ("options", "folder"),
    [({"virtualenv": "venv"}, "venv"), ({"toolchain": "uv"}, ".venv")],
)
@pytest.mark.usefixtures("without")
def test_a_virtualenv_needs_nothing_of_ours(
    tmp_path: Path, options: dict[str, str], folder: str
) -> None:
    named = project(tmp_path, **options)
    assert (
        sdk.program_python(named, {"PULUMI_PYTHON_CMD": "py"}) == f"{tmp_path}/{folder}/bin/python"
    )
    assert sdk.host_python(named) is None
    python = tmp_path / folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert sdk.host_python(named) == str(python)


@pytest.mark.usefixtures("without")
def test_without_either_it_is_what_pulumi_takes(tmp_path: Path) -> None:
    assert sdk.program_python(project(tmp_path), {}) == "python3"
    assert sdk.program_python(project(tmp_path), {"PULUMI_PYTHON_CMD": "py"}) == "py"
    assert sdk.host_python(project(tmp_path)) is None


@pytest.mark.usefixtures("without")
def test_what_cannot_be_had_names_the_extra() -> None:
    with pytest.raises(PermanentError, match="an inline program needs Pulumi's Python SDK") as told:
        sdk.require_sdk("an inline program")
    assert "trueup[pulumi]" in str(told.value.remedy)
