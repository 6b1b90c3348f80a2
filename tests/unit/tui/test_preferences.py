from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.client.errors import InvalidError
from tui.preferences import Preferences, forbids_changes, preferences_file, read_preferences


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "tui.toml") == Preferences()
    assert preferences_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/trueup/tui.toml")


def test_keys_views_and_theme_are_read(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('theme = "mono"\n[keys]\n"drift.plan" = "o"\n[views]\nmine = "stack:web"\n')
    read = read_preferences(file)
    assert (read.theme, read.keys, read.views) == (
        "mono", {"drift.plan": "o"}, {"mine": "stack:web"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ('theme = "pink"', "no theme 'pink'"),
        ("ascii = 1", "ascii must be true or false"),
        ('read_only = "prod"', "read_only must be a list of environments"),
        ("[keys]\na = 1", "[keys] must be a table of texts"),
        ("theme =", "cannot be read"),
    ],
)
def test_what_is_not_understood_is_named(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text(text)
    with pytest.raises(InvalidError) as refused:
        read_preferences(file)
    assert words in str(refused.value)
    assert str(file) in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("environment", "forbidden"),
    [("prod", True), ("PROD-eu", True), ("staging", False), ("", False)],
)
def test_an_environment_may_be_closed_to_changes(
    environment: str,
    forbidden: bool,  # noqa: FBT001 - the case
) -> None:
    assert forbids_changes(Preferences(read_only=["prod*"]), environment) is forbidden
    assert not forbids_changes(Preferences(), environment)
