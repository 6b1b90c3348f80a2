"""A small fleet with something on every page, behind the real API on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import uvicorn

from reconciler.api.app import build_app, end_streams
from reconciler.bootstrap.web import bind
from reconciler.client import Daemon
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.domain.principals import Role
from reconciler.domain.values import Attributes, Value
from reconciler.engine import decisions, suppression
from tests.api.desk import put_tokens, text_of
from tests.fake_world import World
from tests.unit.engine.house import TOOLS, House, open_house

_READ: Final = {"Sid": "read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a/*"]}
_LIST: Final = {"Sid": "list", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "a"}
_OPEN: Final[Value] = [
    {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
]
_ARNS: Final = {
    "webshop": "arn:aws:sqs:eu-west-1:123456789012:thing",
    "network": "arn:aws:ec2:eu-central-1:210987654321:subnet",
    "billing": "arn:aws:dynamodb:eu-west-1:123456789012:table/invoices",
}
_NET: Final = StackName("network")
_MOVED: Final = ResourceAddress("module.zone[4].aws_subnet.this")
_POLICIES: Final = (
    Policy(PolicyId("review"), "a person decides", ActionType.MANUAL_REVIEW,
           Selection(stack="webshop"), owner="ana"),
    Policy(PolicyId("tags"), "tags are put back", ActionType.AUTO_CORRECT,
           Selection(stack="billing", path="tags.*")),
)  # fmt: skip


def _policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _declared() -> dict[str, dict[str, Any]]:
    return {
        "webshop": {
            "aws_security_group.front": {"name": "front", "ingress": []},
            "aws_iam_policy.assets": {"name": "assets", "policy": _policy(_READ, _LIST)},
            "aws_sqs_queue.orders": {"name": "orders", "visibility_timeout_seconds": 45},
            "aws_s3_bucket.assets": {"bucket": "webshop-assets", "tags": {"team": "web"}},
        },
        "network": {
            f"module.zone[{place}].aws_subnet.this": {"cidr": f"10.0.{place}.0/24", "public": False}
            for place in range(6)
        },
        "billing": {"aws_dynamodb_table.invoices": {"name": "invoices", "tags": {"team": "pay"}}},
    }


def _break(worlds: dict[StackName, World]) -> None:
    web = worlds[StackName("webshop")].live
    web[ResourceAddress("aws_security_group.front")] = {"name": "front", "ingress": _OPEN}
    wider = {**_READ, "Action": ["s3:GetObject"], "Resource": ["a/*", "*"]}
    web[ResourceAddress("aws_iam_policy.assets")] = {
        "name": "assets",
        "policy": _policy(_LIST, wider),
    }
    queue = ResourceAddress("aws_sqs_queue.orders")
    web[queue] = {**web[queue], "visibility_timeout_seconds": 99}
    net = worlds[StackName("network")].live
    for place in range(3):
        address = ResourceAddress(f"module.zone[{place}].aws_subnet.this")
        net[address] = {**net[address], "public": True}
    del net[ResourceAddress("module.zone[5].aws_subnet.this")]
    net[_MOVED] = {**net[_MOVED], "cidr": "10.0.44.0/24"}


async def _ignore(house: House) -> None:
    """Ignore the subnet that was moved, for three days."""
    (moved,) = [each for each in await house.findings(_NET) if each.address == _MOVED]
    until = house.clock.now() + timedelta(days=3)
    reason = "the carrier moves it back on Friday"
    await suppression.ignore(house.service, moved.id, reason=reason, actor="ana", until=until)


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[tuple[House, Daemon]]:
    """Give three stacks: one that waits for approvals, one that drifts, one in sync."""
    worlds = {StackName(name): _world(name, found) for name, found in _declared().items()}
    async with open_house(folder, worlds) as house:
        # The terminal UI says how long ago things were, by the clock on the wall.
        house.clock.at = datetime.now(UTC) - timedelta(minutes=4)
        await put_tokens(house)
        await house.put(*_POLICIES)
        for name in worlds:
            await house.scan(name)
        await _corrected_once(house)
        _break(worlds)
        for name in worlds:
            await house.scan(name)
        await _ignore(house)
        async with served(house) as address:
            yield house, Daemon(address, text_of(Role.ADMIN))


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """Give the address of the real API over a house."""
    app = build_app(house.service, stack_options=TOOLS.every_options())
    opened = bind("127.0.0.1:0")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
    serving = asyncio.ensure_future(server.serve(sockets=[opened]))
    try:
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
    finally:
        server.should_exit = True
        end_streams(app)
        await serving
        opened.close()
        await app.state.bodies.close()


def _world(name: str, declared: dict[str, Any]) -> World:
    found: dict[ResourceAddress, Attributes] = {
        ResourceAddress(address): values for address, values in declared.items()
    }
    world = World(deepcopy(found), deepcopy(found), deepcopy(found))
    world.beyond = {address: ({"arn": _ARNS[name]}, {"arn": _ARNS[name]}) for address in found}
    return world


async def _corrected_once(house: House) -> None:
    """Walk one drift to converged, so that there is a run to look at."""
    bucket = ResourceAddress("aws_s3_bucket.assets")
    shop = StackName("webshop")
    world = house.worlds[shop]
    world.live[bucket] = {**world.live[bucket], "tags": {"team": "someone"}}
    await house.scan(shop)
    waiting = await house.the_open()
    assert waiting.plan_digest is not None
    await decisions.approve(house.service, waiting.id, actor="ana", plan_digest=waiting.plan_digest)
    house.clock.move(seconds=1)
    await house.settle()
