"""What the code does behind a condition that fails: removals, moves and outputs are not hidden."""

from __future__ import annotations

from iac_adapters.terraform.outputs import STOPPED
from reconciler.domain.model import InSync, Unreadable, Verdict
from tests.world_stack import WorldStack

CODE = """
variable "allowed" { default = true }
resource "world_thing" "web" {
  name = "web"
  lifecycle {
    precondition {
      condition     = var.allowed
      error_message = "It is not allowed any more."
    }
  }
}
resource "world_thing" "leaf" {
  count  = %(count)d
  name   = "leaf${count.index}"
  labels = { of = world_thing.web.name }
}
resource "world_thing" "%(name)s" {
  name   = "kept"
  labels = { of = world_thing.web.name, team = "red" }
  lifecycle { ignore_changes = [labels["team"]] }
}
resource "terraform_data" "leaf" { input = "${world_thing.web.name}-%(word)s" }
output "behind" { value = "${world_thing.web.name}-%(word)s" }
output "beside" { value = "beside" }
%(more)s
"""
WAS = {"count": 2, "name": "kept", "word": "one", "more": ""}
MOVED = "moved {\n  from = world_thing.kept\n  to   = world_thing.other\n}"


async def scan(stack: WorldStack) -> dict[str, Verdict]:
    return await stack.scan(environment={"TF_VAR_allowed": "false"})


async def test_what_waits_behind_a_condition_is_not_called_in_sync(stack: WorldStack) -> None:
    stack.apply(CODE % WAS)
    stack.write(CODE % {**WAS, "count": 1, "name": "other", "word": "two", "more": MOVED})
    with stack.changed() as things:
        things["kept"]["labels"] = {"of": "web", "team": "blue"}

    assert await scan(stack) == {
        "world_thing.web": InSync(),
        "world_thing.leaf[0]": InSync(),
        "world_thing.leaf[1]": Unreadable(STOPPED),
        "world_thing.kept": Unreadable(STOPPED),
        "terraform_data.leaf": Unreadable(STOPPED),
        "output.behind": Unreadable(STOPPED),
    }
