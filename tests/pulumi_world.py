"""A Pulumi stack of things: a real Python program, the real CLI, and a cloud that is one file.

The program and what its cloud can be told to do are in `tests/worlds/pulumi/stacks/things`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from reconciler.domain.model import ResourceAddress
from tests.providers.world_provider import World
from tests.worlds.pulumi.project import (
    KEY,
    PASSPHRASE,
    STACK,
    CliFailedError,
    PulumiProject,
    make_home,
    verdicts,
)
from tests.worlds.pulumi.tools import PulumiTools

PROJECT: Final = "things"
THING: Final = "pulumi-python:dynamic/things:Thing"

__all__ = [
    "KEY",
    "PASSPHRASE",
    "PROJECT",
    "STACK",
    "THING",
    "THINGS",
    "CliFailedError",
    "PulumiStack",
    "copied",
    "imported",
    "initialised",
    "thing",
    "verdicts",
]


def thing(name: str, **fields: Any) -> dict[str, Any]:
    """Return a thing as `things.json` declares it; a text that begins with CANARY is a secret.

    `provider` is `keeper` (has a diff of its own), `blind` (has none) or `mute` (cannot even
    read); `ignored` are the paths of `ignoreChanges`, `group` names its
    component, `after` the things it depends on.
    """
    return {
        "name": name,
        "place": "here",
        "value": f"value of {name}",
        "size": 3,
        "public": False,
        "secret": f"CANARY-{name}",
        "labels": {"team": "core", "a.b": "dotted"},
        "rules": [{"port": 443, "cidr": "10.0.0.0/8"}, {"port": 80, "cidr": "10.1.0.0/16"}],
        "zones": ["z2", "z1"],
        **fields,
    }


THINGS: Final = (
    thing("kept"),
    thing("plain", secret=None, labels=None, rules=[], zones=[]),
    thing("blind", provider="blind"),
    thing("lax", ignored=["value", "labels.team"]),
    thing("inner", group="group", labels={"team": "core", "key": "CANARY-label"}),
)
"""What a template holds: things that can be read, one with nothing, one with ignored paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulumiStack(PulumiProject):
    """A project whose program reads from `things.json` which things there shall be."""

    name: str = PROJECT

    def write(self, *things: Mapping[str, Any]) -> None:
        """Make `things` all that the program asks for; nothing is brought about."""
        (self.directory / "things.json").write_text(json.dumps(things, indent=1))

    def declared(self) -> list[dict[str, Any]]:
        """Return what the program asks for."""
        things: list[dict[str, Any]] = json.loads((self.directory / "things.json").read_text())
        return things

    def edit(self, name: str, **fields: Any) -> None:
        """Change what the program asks of one thing; nothing is brought about."""
        self.write(*({**one, **(fields if one["name"] == name else {})} for one in self.declared()))

    def drop(self, *names: str) -> None:
        """Take things out of the program; nothing is brought about."""
        self.write(*(one for one in self.declared() if one["name"] not in names))

    def things(self) -> dict[str, dict[str, Any]]:
        """Return the things there are, by name."""
        return {one["name"]: one for one in World(self.cloud).read()["objects"].values()}

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """Yield the things by name, to be changed or deleted behind the stack's back."""
        with World(self.cloud).changed() as content:
            ids = {one["name"]: id_ for id_, one in content["objects"].items()}
            by_name = {name: content["objects"][id_] for name, id_ in ids.items()}
            yield by_name
            content["objects"] = {ids.get(name, name): one for name, one in by_name.items()}

    def turn(self, **knobs: str | None) -> None:
        """Set by a thing's name what happens when it is read; None makes it well again."""
        with World(self.cloud).changed() as content:
            ids = {one["name"]: id_ for id_, one in content["objects"].items()}
            turned = {ids[name]: knob for name, knob in knobs.items()}
            content["knobs"] = _standing({**content["knobs"], **turned})

    def while_applying(self, **knobs: str | None) -> None:
        """Set by a thing's name what happens when it is changed; None lets it pass."""
        self._waiting.unlink(missing_ok=True)
        with World(self.cloud).changed() as content:
            content["applying"] = _standing({**content["applying"], **knobs})

    @property
    def is_waiting(self) -> bool:
        """Whether a provider is at a change that it was told to wait with."""
        return self._waiting.exists()

    @property
    def _waiting(self) -> Path:
        return self.cloud.with_name(f"{self.cloud.name}.waiting")

    def urn(self, name: str, *, group: str | None = None) -> ResourceAddress:
        """Return the address of a thing."""
        inside = "things:index:Group$" if group else ""
        return ResourceAddress(f"urn:pulumi:{STACK}::{self.name}::{inside}{THING}::{name}")


def initialised(
    folder: Path, tools: PulumiTools, things: Sequence[Mapping[str, Any]] = THINGS
) -> PulumiStack:
    """Return a stack below `folder` whose things have been brought about."""
    stack = PulumiStack(folder=folder, program=tools.cli).found()
    stack.write(*things)
    stack.run("stack", "init")
    stack.up()
    return stack


def copied(template: PulumiStack, folder: Path) -> PulumiStack:
    """Return a stack of one's own that is in every way what `template` is."""
    stack = replace(template, folder=folder)
    for name in ("code", "state"):
        shutil.copytree(template.folder / name, folder / name)
    if template.cloud.exists():
        shutil.copy(template.cloud, stack.cloud)
    make_home(folder)
    return stack


def imported(stack: PulumiStack) -> PulumiStack:
    """Move the program's providers into a module, so that states refer to them by name only."""
    main = stack.directory / "__main__.py"
    main.rename(stack.directory / "keeping.py")
    main.write_text("from keeping import declare\n\ndeclare()\n")
    return stack


def _standing(knobs: Mapping[str, str | None]) -> dict[str, str]:
    return {name: knob for name, knob in knobs.items() if knob is not None}
