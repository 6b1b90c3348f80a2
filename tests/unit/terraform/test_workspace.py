"""The workspace that a file names, and what of a file is never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.workspace import selected_workspace
from reconciler.domain.errors import PermanentError


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    """The file that `terraform workspace select` writes."""
    file = tmp_path / "code" / ".terraform" / "environment"
    file.parent.mkdir(parents=True)
    return file


def _selected(chosen: Path) -> str:
    return selected_workspace(chosen.parents[1], environment={})


def test_the_chosen_workspace_is_read(chosen: Path) -> None:
    chosen.write_text("prod\n")
    assert _selected(chosen) == "prod"


def test_what_is_no_name_is_not_repeated(chosen: Path) -> None:
    chosen.write_text("root:$6$canary:19000\n")
    with pytest.raises(PermanentError, match="holds no workspace's name") as raised:
        _selected(chosen)
    assert "canary" not in f"{raised.value} {raised.value.remedy}"


def test_a_link_to_a_file_elsewhere_is_refused_whatever_it_holds(
    chosen: Path, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("canary")
    chosen.symlink_to(tmp_path / "token")
    with pytest.raises(PermanentError, match="leads out of its directory") as raised:
        _selected(chosen)
    assert "canary" not in f"{raised.value} {raised.value.remedy}"


def test_a_data_directory_that_is_a_link_is_no_matter(chosen: Path, tmp_path: Path) -> None:
    chosen.write_text("prod")
    chosen.parent.rename(tmp_path / "data")
    chosen.parent.symlink_to(tmp_path / "data")
    assert _selected(chosen) == "prod"
