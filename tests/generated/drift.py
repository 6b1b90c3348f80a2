"""Changes things behind a generated stack's back, and puts them back."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.providers.world_provider import World

Thing = dict[str, Any]

_MOST_AT_ONCE: Final = 3
_OVERLAID: Final = "framework_schema"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a stack's world lies: its clouds, the folder of its files, the corner's overlays."""

    clouds: tuple[Path, ...]
    files: Path
    overlays: Path
    state: Path


@contextmanager
def drifted(ground: Ground, chance: random.Random) -> Iterator[list[str]]:
    """Yield what was changed; it is put back when the block ends."""
    kept = {cloud: cloud.read_text() for cloud in ground.clouds if cloud.exists()}
    aside = ground.files.with_name("out-aside")
    if ground.files.exists():
        shutil.copytree(ground.files, aside, copy_function=shutil.copy2)
    try:
        yield [_one(ground, chance) for _ in range(chance.randint(1, _MOST_AT_ONCE))]
    finally:
        for cloud, text in kept.items():
            cloud.write_text(text)
        if aside.exists():
            shutil.rmtree(ground.files)
            aside.rename(ground.files)
        for overlay in ground.overlays.iterdir():
            overlay.unlink()


def _one(ground: Ground, chance: random.Random) -> str:
    kinds: list[Callable[[Ground, random.Random], str | None]] = [_thing] * 6
    kinds += [_file, _overlay]
    return chance.choice(kinds)(ground, chance) or _thing(ground, chance) or "nothing"


def _thing(ground: Ground, chance: random.Random) -> str | None:
    clouds = [cloud for cloud in ground.clouds if World(cloud).read()["objects"]]
    if not clouds:
        return None
    with World(chance.choice(clouds)).changed() as content:
        # By name: ids are drawn anew with each deployment, and a seed repeats what it did.
        by_name = sorted(content["objects"], key=lambda one: str(content["objects"][one]["name"]))
        key = chance.choice(by_name)
        thing = content["objects"][key]
        if chance.random() < 0.15:
            del content["objects"][key]
            return f"{thing['name']} deleted"
        name = chance.choice(sorted(_CHANGES))
        _CHANGES[name](thing, chance)
        return f"{thing['name']}: {name}"


def _entry(thing: Thing, chance: random.Random, name: str) -> None:
    entries = dict(thing[name] or {})
    match chance.randint(0, 2):
        case 0:
            entries["added"] = "by-hand"
        case 1 if entries:
            entries[chance.choice(sorted(entries))] = "by-hand"
        case _ if entries:
            del entries[chance.choice(sorted(entries))]
        case _:
            entries["added"] = "by-hand"
    thing[name] = entries or None


def _element(thing: Thing, chance: random.Random, name: str) -> None:
    elements = list(thing[name] or [])
    if elements and chance.random() < 0.5:
        elements.pop(chance.randrange(len(elements)))
    else:
        elements.append("by-hand")
    thing[name] = elements or None


def _member(thing: Thing, chance: random.Random, name: str) -> None:
    members = [dict(one) for one in thing[name] or []]
    if members and chance.random() < 0.6:
        chance.choice(members)["weight"] = chance.randint(10, 99)
    else:
        members.append({"name": "by-hand", "weight": 1, "labels": None})
    thing[name] = members


def _set(name: str, value: Any) -> Callable[[Thing, random.Random], None]:
    def change(thing: Thing, _chance: random.Random) -> None:
        thing[name] = value

    return change


_CHANGES: Final[dict[str, Callable[[Thing, random.Random], None]]] = {
    "labels": lambda thing, chance: _entry(thing, chance, "labels"),
    "tags": lambda thing, chance: _entry(thing, chance, "tags_all"),
    "zones": lambda thing, chance: _element(thing, chance, "zones"),
    "steps": lambda thing, chance: _element(thing, chance, "steps"),
    "members": lambda thing, chance: _member(thing, chance, "members"),
    "guests": lambda thing, chance: _member(thing, chance, "guests"),
    "leader": _set("leader", {"name": "by-hand", "weight": 7, "labels": {"a": "b"}}),
    "roles": _set("roles", {"chief": {"name": "by-hand", "weight": None, "labels": None}}),
    "shape": _set("shape", {"kind": "by-hand", "sides": 3}),
    "size": lambda thing, chance: thing.update(size=chance.randint(100, 999)),
    "enabled": lambda thing, _chance: thing.update(enabled=not thing["enabled"]),
    "name": lambda thing, _chance: thing.update(name=f"{thing['name']}-by-hand"),
    "place": _set("place", "elsewhere"),
    "secret": _set("secret", "another hidden word"),
    "serial": _set("serial", "another serial"),
    "anything": _set("anything", ["string", "by-hand"]),
}


def _file(ground: Ground, chance: random.Random) -> str | None:
    files = sorted(ground.files.glob("*.txt")) if ground.files.exists() else []
    if not files:
        return None
    file = chance.choice(files)
    if chance.random() < 0.5:
        file.unlink()
        return f"{file.name} deleted"
    file.write_text("by hand")
    return f"{file.name}: content"


def _overlay(ground: Ground, chance: random.Random) -> str | None:
    """Have every object of a type of the corner provider read as one that has changed."""
    found = [
        instance["attributes"]
        for resource in json.loads(ground.state.read_text())["resources"]
        if resource["type"] == _OVERLAID
        for instance in resource["instances"]
    ]
    if len(found) != 1:
        return None
    attributes = found[0]
    name = chance.choice(["string_attribute", "map_attribute", "set_attribute", "gone"])
    changed: Any = {
        **attributes,
        **({"string_attribute": "by-hand"} if name == "string_attribute" else {}),
        **({"map_attribute": {"a": "by-hand"}} if name == "map_attribute" else {}),
        **({"set_attribute": ["y", "by-hand"]} if name == "set_attribute" else {}),
    }
    text = "gone" if name == "gone" else json.dumps(changed)
    (ground.overlays / f"{_OVERLAID}.json").write_text(text)
    return f"{_OVERLAID}: {name}"
