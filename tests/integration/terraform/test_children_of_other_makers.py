"""Children under resources of other makers: what one declared child teaches about the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import Kind, StackReport
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup
from tests.bed.rabbitmq import PASSWORD, USER, RabbitMq, find_rabbitmq, running_rabbitmq
from tests.makers import MakersStack
from tests.parts import require

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow
KEY = b"k" * 32

CODE = """
terraform {
  required_providers {
    rabbitmq = { source = "cyrilgdn/rabbitmq" }
  }
}

resource "rabbitmq_vhost" "orders" { name = "orders" }
resource "rabbitmq_vhost" "billing" { name = "billing" }

resource "rabbitmq_user" "shop" {
  name     = "shop"
  password = "of-the-shop"
}

resource "rabbitmq_permissions" "shop" {
  user  = rabbitmq_user.shop.name
  vhost = rabbitmq_vhost.orders.name

  permissions {
    configure = ""
    write     = "orders"
    read      = "orders"
  }
}
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMq]:
    program = require("rabbitmq", find_rabbitmq(), lack="Debian's package of the same name")
    with running_rabbitmq(program) as running:
        yield running


@pytest.fixture(scope="module")
def stack(
    broker: RabbitMq,
    makers: Path,
    terraform: Executable,
    tmp_path_factory: pytest.TempPathFactory,
) -> MakersStack:
    made = MakersStack.made(
        tmp_path_factory.mktemp("rabbit"), mirror=makers, terraform=terraform.path, code=CODE
    )
    made.apply(**variables(broker))
    return made


def variables(broker: RabbitMq) -> dict[str, str]:
    return {
        "RABBITMQ_ENDPOINT": broker.endpoint,
        "RABBITMQ_USERNAME": USER,
        "RABBITMQ_PASSWORD": PASSWORD,
    }


@asynccontextmanager
async def watching(cache: Path) -> AsyncIterator[Scanning]:
    adapter = TerraformAdapter(AdapterSetup(data_dir=cache / "data", cache_dir=cache, key=KEY))
    try:
        yield Scanning(adapter, SystemClock(), judging(KEY))
    finally:
        await adapter.close()


async def test_permissions_by_hand_are_found_by_the_form_of_the_declared_ones(
    stack: MakersStack, broker: RabbitMq, tmp_path: Path
) -> None:
    reference = stack.reference(environment=variables(broker), children="all")
    async with watching(tmp_path) as scanning:

        async def scan() -> StackReport:
            return await scan_stack(reference, scanning=scanning)

        untouched = await scan()
        assert (untouched.findings, untouched.unseen) == ((), ())

        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        broker.ask("PUT", "permissions/billing/shop", everything)
        (finding,) = (await scan()).findings
        assert finding.kind is Kind.ADDED
        assert finding.type == "rabbitmq_permissions"
        assert finding.address.endswith('/rabbitmq_permissions["shop@billing"]')
        assert finding.severity.word == "critical"

        broker.ask("DELETE", "permissions/billing/shop")
        assert (await scan()).findings == ()


async def test_what_cannot_be_asked_for_is_named(
    stack: MakersStack, broker: RabbitMq, tmp_path: Path
) -> None:
    reference = stack.reference(environment=variables(broker), children="all")
    async with watching(tmp_path) as scanning:
        report = await scan_stack(reference, scanning=scanning)
    spots = {spot.parent_type: spot.children for spot in report.blind_spots}
    assert "rabbitmq_queue" in spots["rabbitmq_vhost"]
    assert "rabbitmq_permissions" not in spots["rabbitmq_vhost"]
    assert "rabbitmq_topic_permissions" in spots["rabbitmq_user"]
