"""What a Pulumi stack is asked for where a provider does not tell its names, and its memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from iac_adapters.children.memory import child_memory
from iac_adapters.pulumi.children.looking import ChildLooks
from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import PermanentError
from tests.unit.pulumi.test_child_parents import KEY, USER, resource, stack

ORDERS = resource("orders", "rabbitmq:index/vhost:Vhost", {"name": "orders"}, id_="orders")


class NoTokens:
    """A plugin that does not start."""

    async def of(self, key: object) -> Any:
        del key
        raise PermanentError("no such plugin")


def looks(folder: Path) -> ChildLooks:
    memory = child_memory(folder, key=KEY)
    return ChildLooks(cast("Any", NoTokens()), memory, SecretDigester(KEY), repeats=False)


def test_where_names_cannot_be_had_the_resources_concerned_are_silent(tmp_path: Path) -> None:
    warm = SimpleNamespace(children=None, stack=stack(USER, ORDERS))
    look = asyncio.run(looks(tmp_path).look(cast("Any", warm), PulumiOptions(), Redactor()))
    assert list(look.silent) == [USER.recorded_as.address]
    assert "no such plugin" in look.failure
    assert warm.children is None
