"""`[keys]` of tui.toml: what does not exist or would clash is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from reconciler.client.errors import InvalidError
from tui.app import TrueupApp
from tui.keymap_check import checked_keymap, contexts_of

FILE: Final = Path("tui.toml")
CONTEXTS: Final = contexts_of(TrueupApp)


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        ({}, {}),
        ({"drift.plan": "e"}, {"drift.plan": "e"}),
        ({"drift.plan": "f5, e"}, {"drift.plan": "f5,e"}),
        ({"drift.plan": "^e"}, {"drift.plan": "ctrl+e"}),
        ({"drift.plan": ","}, {"drift.plan": "comma"}),
        ({"drift.plan": ";"}, {"drift.plan": "semicolon"}),
        # Two that change places clash with nobody.
        ({"drift.plan": "A", "drift.approve": "p"}, {"drift.plan": "A", "drift.approve": "p"}),
        # What another page has under the key does not matter.
        ({"run.follow": "b"}, {"run.follow": "b"}),
    ],
)
def test_keys_are_taken_by_the_names_of_a_terminal(
    keys: dict[str, str], taken: dict[str, str]
) -> None:
    assert checked_keymap(FILE, keys, CONTEXTS) == taken


@pytest.mark.parametrize(
    ("keys", "words", "remedy"),
    [
        ({"drift.plam": "e"}, "'drift.plam' that does not exist", "drift.plan"),
        ({"xyz": "e"}, "'xyz' that does not exist", "? in the terminal UI"),
        ({"drift.plan": "fooo"}, "drift.plan a key 'fooo'", "f5"),
        ({"drift.plan": ""}, "drift.plan a key ''", "f5"),
        ({"drift.plan": "hyperr+a"}, "'hyperr+a'", "f5"),
        ({"drift.plan": "shift+e"}, "which no terminal sends", "write 'E'"),
        ({"drift.plan": "ctrl+i"}, "a terminal sends as tab", "another key"),
        ({"drift.plan": "A"}, "'A' to drift.plan (Plan), but on the page drift", "drift.approve"),
        ({"drift.plan": "A"}, "it is the key of drift.approve (Approve)", "give drift.plan"),
        ({"drift.plan": "."}, "drift.merge (Merge new rows)", "drift.merge"),
        ({"drift.plan": "e", "drift.sort": "e"}, "drift.sort", "another key"),
        ({"page.copy": "j"}, "table.down", "table.down another one"),
        ({"app.help": "p"}, "drift.plan", "drift.plan another one"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_both_actions(
    keys: dict[str, str], words: str, remedy: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        checked_keymap(FILE, keys, CONTEXTS)
    assert words in str(refused.value)
    assert "tui.toml: [keys]" in str(refused.value)
    assert remedy in (refused.value.remedy or "")


def test_no_page_has_two_actions_under_one_key_that_are_both_its_own() -> None:
    for place, bindings in CONTEXTS.items():
        keys = [key for each in bindings for key in each.key.split(",")]
        doubled = {key for key in keys if keys.count(key) > 1}
        # A run goes to its errors where other documents search.
        assert doubled <= {"n", "N", "enter", "escape"}, place
