"""Makes a root module from a seed: modules, aliases, counts, ignored places, references.

What it says must only be right for the tool; what it means is nothing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

_HEAD: Final = """\
terraform {
  required_providers {
    world = { source = "trueup/world" }
%(others)s  }
}

provider "world" { world = "%(cloud)s" }

provider "world" {
  alias        = "west"
  world        = "%(cloud)s"
  region       = "west"
  default_tags = { owner = "platform" }
}
"""
_MODULE_HEAD: Final = """\
terraform {
  required_providers { world = { source = "trueup/world" } }
}

variable "given" { type = string }
"""
_IGNORABLE: Final = (
    "labels", 'labels["team"]', "size", "enabled", "zones", "steps", "leader", "guests", "tags",
    "name", "shape.sides", "roles",
)  # fmt: skip


@dataclass(slots=True)
class Scope:
    """One module under construction: what it may refer to (an expression of a text), by source."""

    chance: random.Random
    texts: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    """Resources that `replace_triggered_by` may name."""
    blocks: list[str] = field(default_factory=list)

    def text(self, plain: str) -> str:
        """Return an expression of a text: a literal, or a reference to what stands before."""
        if self.texts and self.chance.random() < 0.55:
            reference = self.chance.choice(self.texts)
            return reference if self.chance.random() < 0.5 else f'"{plain}-${{{reference}}}"'
        return json.dumps(plain)


def code_of(seed: int, *, cloud: str) -> dict[str, str]:
    """Return the files of a root module by name; equal seeds give equal code."""
    chance = random.Random(seed)
    files: dict[str, str] = {}
    root = Scope(chance)
    for number in range(chance.randint(2, 4)):
        _thing(root, f"first{number}")
    for name in ("inner", "outer")[: chance.randint(0, 2)]:
        files |= _module(root, name)
    for number in range(chance.randint(2, 4)):
        _thing(root, f"later{number}", aliased=True)
    # Each provider is a process more to start, for the tool as for us.
    makers = chance.sample(sorted(_MAKERS), 2)
    for number in range(chance.randint(3, 6)):
        chance.choice([*(_MAKERS[maker] for maker in makers), _data])(root, f"other{number}")
    _outputs(root)
    others = "".join(f'    {maker} = {{ source = "hashicorp/{maker}" }}\n' for maker in makers)
    files["main.tf"] = _HEAD % {"cloud": cloud, "others": others} + "\n".join(root.blocks)
    return files


def _thing(scope: Scope, name: str, *, aliased: bool = False) -> None:
    chance = scope.chance
    arguments = list(_arguments(scope, name))
    repeated, at = "", ""
    match chance.randint(0, 5):
        case 0:
            repeated, at = f"count = {chance.randint(2, 3)}", "[0]"
        case 1:
            repeated, at = 'for_each = toset(["a", "b c"])', '["a"]'
    if repeated:
        key = "count.index" if at == "[0]" else "each.key"
        arguments[0] = f'name = "{name}-${{{key}}}"'
    if aliased and chance.random() < 0.4:
        arguments.append("provider = world.west")
    lifecycle = _lifecycle(scope)
    body = "\n  ".join([one for one in (repeated, *arguments, lifecycle) if one])
    scope.blocks.append(f'resource "world_thing" "{name}" {{\n  {body}\n}}\n')
    one = f"world_thing.{name}{at}"
    scope.whole += [f"world_thing.{name}{at}", f"{one}.labels", f"{one}.size"]
    scope.texts += [
        f"{one}.name", f"{one}.serial", f"{one}.id", f"tostring({one}.size)",
        f"jsonencode({one}.labels)", f'join("+", coalesce({one}.zones, []))',
    ]  # fmt: skip
    if repeated == "" or at == "[0]":
        splat = f"world_thing.{name}[*].serial"
        scope.texts.append(f'join(",", {splat})')
    else:
        scope.texts.append(f'join(",", [for one in world_thing.{name} : one.name])')


def _arguments(scope: Scope, name: str) -> Iterator[str]:
    chance = scope.chance
    yield f'name = "{name}"'
    choices: list[Callable[[], str]] = [
        lambda: f"place = {scope.text('here')}",
        lambda: f"size = {chance.randint(1, 9)}",
        lambda: f"enabled = {chance.choice(['true', 'false'])}",
        lambda: f"secret = {scope.text('hidden-word')}",
        lambda: f'labels = {{ team = {scope.text("red")}, tier = "1" }}',
        lambda: f'zones = ["a", {scope.text("z")}]',
        lambda: f'steps = ["one", {scope.text("two")}]',
        lambda: f"shape = {{ kind = {scope.text('box')}, sides = 4 }}",
        lambda: f"leader = {{ name = {scope.text('ann')}, weight = 2 }}",
        lambda: f'members = [{{ name = "bo" }}, {{ name = {scope.text("cy")}, weight = 3 }}]',
        lambda: f'guests = [{{ name = "di" }}, {{ name = {scope.text("ed")}, weight = 5 }}]',
        lambda: f"roles = {{ chief = {{ name = {scope.text('flo')} }} }}",
        lambda: f"tags = {{ env = {scope.text('dev')} }}",
        lambda: f"anything = {{ any = [1, {scope.text('x')}] }}",
    ]
    for one in chance.sample(choices, chance.randint(3, 7)):
        yield one()


def _lifecycle(scope: Scope) -> str:
    chance = scope.chance
    lines = []
    if chance.random() < 0.3:
        ignored = ", ".join(chance.sample(_IGNORABLE, chance.randint(1, 3)))
        lines.append(f"ignore_changes = {'all' if chance.random() < 0.1 else f'[{ignored}]'}")
    if scope.whole and chance.random() < 0.2:
        lines.append(f"replace_triggered_by = [{chance.choice(scope.whole)}]")
    if chance.random() < 0.15:
        lines.append("create_before_destroy = true")
    return f"lifecycle {{\n    {chr(10).join(lines)}\n  }}" if lines else ""


def _module(root: Scope, name: str) -> dict[str, str]:
    chance = root.chance
    inner = Scope(chance, texts=["var.given"])
    for number in range(chance.randint(1, 3)):
        _thing(inner, f"own{number}")
    output = f'output "told" {{\n  value = {chance.choice(inner.texts[1:])}\n}}\n'
    lines = [f'source = "./{name}"', f"given = {root.text('gift')}"]
    told = f"module.{name}.told"
    if chance.random() < 0.3:
        lines.append('for_each = toset(["x", "y"])')
        told = f'module.{name}["x"].told'
    if chance.random() < 0.4:
        lines.append("providers = { world = world.west }")
    body = "\n  ".join(lines)
    root.blocks.append(f'module "{name}" {{\n  {body}\n}}\n')
    root.texts.append(f"nonsensitive({told})" if "secret" in output else told)
    return {f"{name}/main.tf": _MODULE_HEAD + "\n".join(inner.blocks) + output}


def _pet(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "random_pet" "{name}" {{\n  keepers = {{ on = {scope.text("k")} }}\n}}\n'
    )
    scope.texts.append(f"random_pet.{name}.id")
    scope.whole.append(f"random_pet.{name}")


def _null(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "null_resource" "{name}" {{\n  triggers = {{ on = {scope.text("t")} }}\n}}\n'
    )
    scope.texts.append(f"null_resource.{name}.id")


def _file(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "local_file" "{name}" {{\n  filename = "${{path.module}}/out/{name}.txt"\n'
        f"  content  = {scope.text('words')}\n}}\n"
    )
    scope.texts += [f"local_file.{name}.content_md5", f"local_file.{name}.content"]


def _data(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "terraform_data" "{name}" {{\n  input = {scope.text("in")}\n'
        f"  triggers_replace = [{scope.text('on')}]\n}}\n"
    )
    scope.texts.append(f"tostring(terraform_data.{name}.output)")


def _time(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "time_static" "{name}" {{\n  rfc3339  = "2026-01-01T00:00:00Z"\n'
        f"  triggers = {{ on = {scope.text('t')} }}\n}}\n"
    )


def _key(scope: Scope, name: str) -> None:
    scope.blocks.append(f'resource "tls_private_key" "{name}" {{\n  algorithm = "ED25519"\n}}\n')
    scope.texts.append(f"tls_private_key.{name}.public_key_openssh")


def _schema(scope: Scope, name: str) -> None:
    scope.blocks.append(
        f'resource "framework_schema" "{name}" {{\n  string_attribute = {scope.text("s")}\n'
        f'  map_attribute    = {{ a = "1", b = {scope.text("m")} }}\n'
        f'  set_attribute    = ["x", "y"]\n  int64_attribute  = {scope.chance.randint(1, 99)}\n'
        f'  list_nested_block {{\n    list_nested_block_attribute = "one"\n  }}\n}}\n'
    )
    scope.texts.append(f"framework_schema.{name}.string_attribute")


_MAKERS: Final[dict[str, Callable[[Scope, str], None]]] = {
    "framework": _schema,
    "local": _file,
    "null": _null,
    "random": _pet,
    "time": _time,
    "tls": _key,
}


def _outputs(scope: Scope) -> None:
    for number in range(scope.chance.randint(1, 3)):
        value: Any = scope.chance.choice(scope.texts)
        scope.blocks.append(
            f'output "out{number}" {{\n  value     = {value}\n  sensitive = true\n}}\n'
        )
