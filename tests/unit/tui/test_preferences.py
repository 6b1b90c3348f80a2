from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.client.errors import InvalidError
from tui.preferences import Preferences, preferences_file, read_preferences, why_read_only
from tui.views import View


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "tui.toml") == Preferences()
    assert preferences_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/trueup/tui.toml")


def test_keys_views_and_theme_are_read(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('theme = "mono"\n[keys]\n"drift.plan" = "o"\n[views]\nmine = "stack:web"\n')
    read = read_preferences(file)
    assert (read.theme, read.keys, read.views) == (
        "mono", {"drift.plan": "o"}, {"mine": View("stack:web")},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ('theme = "pink"', "no theme 'pink'"),
        ("ascii = 1", "ascii must be true or false"),
        ('read_only = "prod"', "read_only must be a list of environments"),
        ("[keys]\na = 1", "[keys] must be a table of texts"),
        ("views = 1", "[views] must be a table"),
        ("[views]\na = 1", "the view 'a' must be a filter or a table"),
        ("[views.a]\ncolour = 1", "the view 'a' has an unknown key 'colour'"),
        ("[views.a]\nwide = 1", "wide must be true or false"),
        ('[views.a]\nsort = "size"', "sort cannot be 'size'"),
        ('[views.a]\ngroup = "team"', "group cannot be 'team'"),
        ('[views]\na = "sev:loud"', "the view 'a': "),
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


def test_a_view_keeps_its_order_and_is_read_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    view = View('type:"a\\b" sev:high', sort="age", reverse=True, group="stack", wide=True)
    file.write_text(view.written("on call") + View().written("usual"))
    assert read_preferences(file).views == {"on call": view, "usual": View()}


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ("prod", "tui.toml says so of prod"),
        ("PROD-eu", "tui.toml says so of PROD-eu"),
        ("staging", ""),
    ],
)
def test_an_environment_may_be_closed_to_changes(environment: str, why: str) -> None:
    assert why_read_only(Preferences(read_only=["prod*"]), environment) == why
    assert not why_read_only(Preferences(), environment)


@pytest.mark.parametrize("glob", ["*", "prod*"])
def test_an_environment_without_a_name_may_be_a_closed_one(glob: str) -> None:
    assert "--environment" in why_read_only(Preferences(read_only=[glob]), "")
    assert not why_read_only(Preferences(), "")
