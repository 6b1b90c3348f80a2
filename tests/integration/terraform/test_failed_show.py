"""A plan that cannot be shown says nothing of outputs and secrets: that is never "in sync"."""

from __future__ import annotations

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import Unreadable
from tests.world_stack import WorldStack

_APPLIED = 'resource "world_thing" "a" { name = "a" }\noutput "n" { value = 1 }\n'
_CHANGED = _APPLIED.replace("value = 1", "value = 2")


def _shows(stack: WorldStack, instead: str) -> None:
    """Let the tool do something else where it is asked to show a plan."""
    text = stack.program.read_text()
    stack.program.write_text(text.replace("exec ", f'[ "$1" = show ] && {{ {instead}; }}\nexec '))


@pytest.mark.parametrize("shown", ["exit 1", "exit 0", "echo {; exit 0"])
async def test_a_plan_that_cannot_be_shown_is_told(stack: WorldStack, shown: str) -> None:
    stack.apply(_APPLIED)
    stack.write(_CHANGED)
    _shows(stack, shown)
    with pytest.raises(RetryableError, match="show"):
        await stack.scan()


@pytest.mark.parametrize("shown", ["exit 1", "exit 0", "echo {; exit 0"])
async def test_so_it_is_where_the_tool_judges(stack: WorldStack, shown: str) -> None:
    stack.apply(_APPLIED)
    stack.write(_CHANGED)
    _shows(stack, shown)
    found = await stack.scan(engine="cli")
    assert all(isinstance(verdict, Unreadable) for verdict in found.values()), found
    assert found
