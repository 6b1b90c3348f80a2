"""Which stacks a command without names means, by where it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.bootstrap.targets import Targets, resolve_targets, unlisted_root
from reconciler.domain.errors import PermanentError
from reconciler.registry import InstalledTools
from reconciler.settings import StackSettings
from reconciler.settings_file import load_settings

SETTINGS = """
[[stack]]
directory = "webshop"
[[stack]]
name = "webshop-blue"
directory = "webshop"
workspace = "blue"
[[stack]]
directory = "network"
"""


@pytest.fixture
def stacks(tmp_path: Path) -> tuple[StackSettings, ...]:
    for name in ("webshop", "network"):
        (tmp_path / name / "modules" / "deep").mkdir(parents=True)
        (tmp_path / name / "main.tf").write_text("terraform {}\n")
    (tmp_path / "trueup.toml").write_text(SETTINGS)
    return load_settings(tmp_path / "trueup.toml", {}, tools=InstalledTools()).stacks


@pytest.mark.parametrize(
    ("here", "named"),
    [
        (".", ["webshop", "webshop-blue", "network"]),
        ("webshop", ["webshop", "webshop-blue"]),
        ("network", ["network"]),
        ("network/modules/deep", ["network"]),
    ],
)
def test_without_names_the_stack_of_the_directory_is_meant(
    stacks: tuple[StackSettings, ...], tmp_path: Path, here: str, named: list[str]
) -> None:
    """Row T25."""
    found = resolve_targets(Targets(), tools=InstalledTools(), stacks=stacks, here=tmp_path / here)
    assert [one.name for one in found] == named


def test_all_means_all_wherever_it_is_called(
    stacks: tuple[StackSettings, ...], tmp_path: Path
) -> None:
    found = resolve_targets(
        Targets(every=True), tools=InstalledTools(), stacks=stacks, here=tmp_path / "network"
    )
    assert len(found) == 3


def test_a_broken_neighbour_is_not_looked_at(
    stacks: tuple[StackSettings, ...], tmp_path: Path
) -> None:
    (tmp_path / "network" / "main.tf").unlink()
    (found, _) = resolve_targets(
        Targets(), tools=InstalledTools(), stacks=stacks, here=tmp_path / "webshop"
    )
    assert found.name == "webshop"


def test_all_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"--all needs a trueup\.toml"):
        resolve_targets(Targets(every=True), tools=InstalledTools(), here=tmp_path)


@pytest.mark.parametrize(
    ("here", "targets", "passed_over"),
    [
        ("other", Targets(), "other"),
        ("project/lib", Targets(), "project"),
        ("other", Targets(chosen=("webshop",)), None),
        ("other", Targets(every=True), None),
        ("network/modules/deep", Targets(), None),
        (".", Targets(), None),
    ],
)
def test_a_stack_that_is_not_listed_is_named(
    stacks: tuple[StackSettings, ...],
    tmp_path: Path,
    here: str,
    targets: Targets,
    passed_over: str | None,
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main.tf").write_text("terraform {}\n")
    (tmp_path / "project" / "lib").mkdir(parents=True)
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: it\nruntime: yaml\n")
    named = unlisted_root(targets, tools=InstalledTools(), stacks=stacks, here=tmp_path / here)
    assert named == (None if passed_over is None else tmp_path / passed_over)
