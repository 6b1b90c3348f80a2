"""While code waits for its apply nobody can tell whose a child is: what was found stays found."""

from __future__ import annotations

from pathlib import Path

from iac_adapters.children.managed import Managed
from iac_adapters.children.observing import StackChildren
from iac_adapters.children.question import PENDING
from reconciler.domain.model import Added, ResourceAddress, Status, Unseen
from reconciler.domain.values import Attributes
from tests.unit.children.bridge import POLICY, USER, Bridge, scanned, user

GUEST = ResourceAddress('user.guest/permission["guest@orders"]')


def waiting(type_name: str) -> Managed:
    return Managed(ResourceAddress(f"{type_name}.new"), type_name, Status.NOT_CREATED)


class Broker(Bridge):
    """Users of virtual hosts, of which `there` are the permissions that exist."""

    def __init__(self, *there: str) -> None:
        super().__init__(is_aws=False)
        self.there = there

    async def imported(
        self, type_name: str, identity: str, *, timeout_s: float
    ) -> Attributes | None:
        del type_name, timeout_s
        return {"configure": ".*"} if identity in self.there else None

    def settable(self, type_name: str) -> tuple[str, ...]:
        del type_name
        return ("configure",)


def stack(broker: Broker) -> tuple[Managed, ...]:
    def made(type_name: str, name: str, identity: str, **more: str) -> Managed:
        after = tuple(ResourceAddress(f"{kind}.{more[kind]}") for kind in more)
        return Managed(
            ResourceAddress(f"{type_name}.{name}"),
            type_name,
            Status.LIVE,
            lambda: {"id": identity, **(more or {"name": name})},
            after,
            broker,
        )

    return (
        made("user", "shop", "shop"),
        made("user", "guest", "guest"),
        made("vhost", "orders", "orders"),
        made("permission", "shop", "shop@orders", user="shop", vhost="orders"),
    )


def test_new_code_of_a_learnt_type_does_not_make_an_intruder_right(tmp_path: Path) -> None:
    assert not scanned(tmp_path, Broker("shop@orders"), *stack(Broker()))
    broker = Broker("shop@orders", "guest@orders")
    assert isinstance(scanned(tmp_path, broker, *stack(broker))[GUEST], Added)
    pending = scanned(tmp_path, broker, *stack(broker), waiting("permission"))
    verdict = pending[GUEST]
    assert isinstance(verdict, Unseen)
    assert verdict.reason == PENDING
    assert isinstance(scanned(tmp_path, broker, *stack(broker))[GUEST], Added)


def test_a_listed_child_whose_code_waits_is_neither_found_nor_destroyed(tmp_path: Path) -> None:
    bridge = Bridge()
    managed = (user(bridge), waiting("aws_iam_user_policy"))
    verdict = scanned(tmp_path, bridge, *managed, wanted=[POLICY])[POLICY]
    assert isinstance(verdict, Unseen)
    assert verdict.reason == PENDING
    children = StackChildren({resource.address: resource for resource in managed})
    assert not any(question.concerns(POLICY) for question in children.removable)


def test_a_parent_whose_record_lacks_what_it_takes_to_ask_is_unknown(tmp_path: Path) -> None:
    bridge = Bridge()
    empty = Managed(USER, "aws_iam_user", Status.LIVE, dict, provider=bridge)
    seen = scanned(tmp_path, bridge, empty)
    assert seen
    assert {verdict.reason for verdict in seen.values() if isinstance(verdict, Unseen)} == {
        "the record of its parent holds no name"
    }
