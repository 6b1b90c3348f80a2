"""Code that was not applied yet is told from what somebody did to the world."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, Missing, Noise, Origin, Unmanaged, Verdict
from tests.pulumi_world import PulumiStack, thing
from tests.worlds.pulumi.tools import PulumiTools

RULES = [{"port": 443, "cidr": "10.0.0.0/8"}, {"port": 80, "cidr": "10.1.0.0/16"}]


def origins(verdict: Verdict) -> dict[str, Origin]:
    assert isinstance(verdict, Drifted), verdict
    return {str(change.path): change.origin for change in verdict.changes}


async def test_each_edit_of_the_code_is_found_at_its_place(stack: PulumiStack) -> None:
    stack.edit("kept", value="new", labels={"team": "core"}, secret=None)
    stack.edit("blind", labels={"a.b": "dotted", "added": "x"}, zones=["z1", "z2"])
    stack.edit("plain", place="there")
    stack.edit("inner", rules=RULES[:1], labels={"team": "core", "key": "CANARY-other"})
    stack.edit("lax", value="ignored", labels={"team": "ignored", "a.b": "dotted"})
    found = await stack.scan()

    unapplied = Origin.UNAPPLIED
    assert origins(found["kept"]) == dict.fromkeys(['labels["a.b"]', "secret", "value"], unapplied)
    assert origins(found["blind"]) == dict.fromkeys(
        ["labels.added", "labels.team", "zones"], unapplied
    )
    assert origins(found["plain"]) == {"place": unapplied}
    assert origins(found["inner"]) == dict.fromkeys(["labels.key", "rules[1]"], unapplied)
    assert isinstance(found["lax"], InSync)
    drifted = {name: one for name, one in found.items() if isinstance(one, Drifted)}
    assert [name for name, one in drifted.items() if one.requires_replace] == ["plain"]
    assert "CANARY" not in repr(found)


async def test_both_sides_may_have_moved(stack: PulumiStack) -> None:
    stack.edit("kept", value="new", size=4)
    stack.edit("blind", value="new")
    with stack.changed() as things:
        things["kept"]["value"] = "hacked"
        things["kept"]["public"] = True
        things["blind"]["value"] = "new"
    found = await stack.scan()
    assert origins(found["kept"]) == {
        "public": Origin.OUT_OF_BAND,
        "size": Origin.UNAPPLIED,
        "value": Origin.BOTH,
    }
    assert isinstance(found["blind"], Noise)  # somebody has done by hand what the code asks for


async def test_what_the_code_gained_and_lost(stack: PulumiStack) -> None:
    stack.drop("kept")
    stack.write(*stack.declared(), thing("new"))
    found = await stack.scan()
    assert found["kept"] == Unmanaged()
    assert found["new"] == Missing(Origin.UNAPPLIED)
    with stack.changed() as things:
        del things["kept"]
    found = await stack.scan()
    assert isinstance(found["kept"], Noise)  # to be deleted, and already gone


async def test_a_stack_that_was_never_brought_up_misses_everything(
    pulumi: PulumiTools, tmp_path: Path
) -> None:
    stack = PulumiStack(folder=tmp_path, program=pulumi.cli).found()
    stack.write(thing("one"), thing("two", provider="mute"))
    stack.run("stack", "init")
    found = await stack.scan()
    assert (found["one"], found["two"]) == (Missing(Origin.UNAPPLIED), Missing(Origin.UNAPPLIED))
    stack.up()
    assert isinstance((await stack.scan())["one"], InSync)
    stack.destroy()
    assert (await stack.scan())["one"] == Missing(Origin.UNAPPLIED)


async def test_what_the_code_no_longer_ignores_is_drift(stack: PulumiStack) -> None:
    stack.edit("lax", ignored=[])
    with stack.changed() as things:
        things["lax"]["value"] = "hacked"
    assert origins((await stack.scan())["lax"]) == {"value": Origin.OUT_OF_BAND}


async def test_an_update_that_code_causes_writes_what_is_ignored_where_nobody_compares(
    stack: PulumiStack,
) -> None:
    """A dynamic provider has no inputs to read: the engine writes those that are recorded."""
    stack.edit("blind", ignored=["value"])
    stack.up()
    with stack.changed() as things:
        things["blind"]["value"] = "hacked"
    assert isinstance((await stack.scan())["blind"], Noise)
    stack.edit("blind", size=4)
    assert origins((await stack.scan())["blind"]) == {
        "size": Origin.UNAPPLIED,
        "value": Origin.OUT_OF_BAND,
    }
    stack.up("--refresh")
    left = stack.things()["blind"]
    assert (left["size"], left["value"]) == (4, "value of blind")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise RuntimeError('no way: CANARY-kept')", "RuntimeError: no way"),
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("import pulumi; pulumi.Config().require('size')", "things:size"),
        ("(", "SyntaxError"),
    ],
)
async def test_a_program_that_cannot_run_is_told_in_its_own_words_without_secrets(
    stack: PulumiStack, program: str, words: str
) -> None:
    (stack.directory / "__main__.py").write_text(program)
    with pytest.raises(PermanentError, match=words) as told:
        await stack.scan()
    assert "CANARY" not in f"{told.value} {told.value.remedy}"
    assert told.value.remedy
