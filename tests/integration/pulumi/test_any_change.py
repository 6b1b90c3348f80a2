"""Whatever anybody does to things is found where it was done, and nowhere else."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any, Final

from reconciler.domain.model import Drifted, InSync, Missing, Origin, Verdict
from tests.pulumi_world import PulumiStack, verdicts

ROUNDS: Final = 80
NAMES: Final = ("kept", "plain", "blind", "inner")
FIELDS: Final = ("place", "value", "size", "public", "secret", "labels", "rules", "zones")


async def test_any_change_is_found_where_it_was_made(stack: PulumiStack) -> None:
    dice = random.Random(20)
    deployed = stack.things()
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        for _ in range(ROUNDS):
            with stack.changed() as things:
                for name in dice.sample(NAMES, 2):
                    if dice.random() < 0.1:
                        things.pop(name)
                    else:
                        change(things[name], dice)
            found = await verdicts(adapter, snapshot)
            now = stack.things()
            wrongs = {name: wrong(deployed[name], now.get(name), found[name]) for name in NAMES}
            assert wrongs == dict.fromkeys(NAMES)
            with stack.changed() as things:
                things.clear()
                things.update(copy.deepcopy({f"{name}-1": one for name, one in deployed.items()}))
        again = await verdicts(adapter, snapshot)
    assert {type(again[name]) for name in NAMES} == {InSync}


def wrong(
    before: Mapping[str, Any], after: Mapping[str, Any] | None, verdict: Verdict
) -> str | None:
    """Return what is wrong with a verdict about a thing that was `before` and is `after`."""
    if after is None:
        return None if verdict == Missing() else f"gone, and found {verdict}"
    differing = {field for field in FIELDS if before[field] != after[field]}
    if not differing:
        return None if isinstance(verdict, InSync) else f"untouched, and found {verdict}"
    if not isinstance(verdict, Drifted):
        return f"{differing} changed, and found {verdict}"
    told = {change.path.partition(".")[0].partition("[")[0] for change in verdict.changes}
    if told != differing or {change.origin for change in verdict.changes} != {Origin.OUT_OF_BAND}:
        return f"{differing} changed, and found {verdict}"
    told_secret = before["secret"] is not None and "CANARY" in repr(verdict)
    return "a secret is told" if told_secret else None


def change(thing: dict[str, Any], dice: random.Random) -> None:
    """Change one to three fields of a thing, each at some depth."""
    for field in dice.sample(FIELDS, dice.randint(1, 3)):
        value = thing[field]
        if isinstance(value, dict):
            key = dice.choice([*value, "new"])
            thing[field] = {**value, key: text(key, dice)}
            if dice.random() < 0.3:
                thing[field].pop(dice.choice([*value]))
        elif field == "rules":
            rules = copy.deepcopy(value) or []
            if rules and dice.random() < 0.5:
                rules[dice.randrange(len(rules))]["port"] = dice.randint(1, 9)
            else:
                rules.insert(0, {"port": 22, "cidr": "0.0.0.0/0"})
            thing[field] = rules
        elif isinstance(value, list):
            thing[field] = [*value, text(field, dice)]
        elif isinstance(value, bool):
            thing[field] = not value
        elif isinstance(value, int):
            thing[field] = value + dice.choice([1, -4, 0.5])
        else:
            thing[field] = text(field, dice)


def text(name: str, dice: random.Random) -> str:
    """Return another text; one that must not be told where a secret is kept."""
    begin = "CANARY" if name in {"secret", "key"} else "x"
    return f"{begin}-{dice.randrange(10**6)}"
