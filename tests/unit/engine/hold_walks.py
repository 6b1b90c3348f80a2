"""For each guard that holds, a walk of the model at whose end it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import ProviderDoubt, ResourceAddress, StackName
from reconciler.domain.policy import Policy
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.values import Attributes
from reconciler.engine import decisions, requesting
from reconciler.engine.remediate import advance
from tests.fake_world import Fate, World, WorldScripts
from tests.unit.engine.house import AUTO, QUARANTINE, SHOP, A, B, C
from tests.unit.engine.scripted_isolation import BY_SCRIPT
from tests.unit.engine.walks import Walk

P = RemediationState
_EDGES: Final = {ResourceAddress(f"thing.edge-{name}"): at for name, at in (("a", A), ("b", B))}
_OTHERS: Final = tuple(StackName(f"stack-{number}") for number in range(4))
Deed: TypeAlias = Callable[["Held"], None]


class Held(Walk):
    """A walk among five stacks, of which `shop` has edges that isolate thing.a and thing.b."""

    def worlds(self) -> dict[StackName, World]:
        things: dict[str, Attributes] = {name: {"size": 1} for name in "abc"}
        edges: dict[str, Attributes] = {f"edge-{name}": {"port": 80} for name in "ab"}
        shop = World.in_sync(**things, **edges)
        shop.edges = dict(_EDGES)
        return {SHOP: shop, **{name: World.in_sync(a={"size": 1}) for name in _OTHERS}}

    def scan(self, *stacks: StackName, seconds: int = 40) -> None:
        """Let time go by, scan, and walk what that woke."""
        self.house.clock.move(seconds=seconds)
        for stack in stacks or (SHOP,):
            self.do(self.house.scan(stack, microseconds=1))
        self.check()

    def found(self, *, times: int = 1) -> None:
        """Let thing.a drift, be found and be found again, so many times."""
        for _ in range(times):
            self.house.world.live[A] = {"size": 2}
            self.scan(seconds=1)
            self.scan()

    def everywhere(self) -> None:
        """Let a resource of every stack drift and be found again."""
        for seconds in (1, 40):
            for name, world in self.house.worlds.items():
                world.live[A] = {"size": 2}
                self.scan(name, seconds=0 if name != SHOP else seconds)

    def approve(self, address: ResourceAddress) -> None:
        """Approve what waits about one resource."""
        (waiting,) = (
            one for one in self.open_ones(P.AWAITING_APPROVAL) if address in one.addresses
        )
        digest = waiting.plan_digest or ""
        self.do(decisions.approve(self.house.service, waiting.id, plan_digest=digest, actor="ann"))
        self.do(self.house.settle())
        self.check()


def limited(limits: str) -> Deed:
    """Return what lets thing.a drift under one of the model's limits."""

    def deed(walk: Held) -> None:
        walk.limits_are_from_now_on(limits)
        walk.found()

    return deed


def is_new(walk: Held) -> None:
    walk.house.world.live[A] = {"size": 2}
    walk.scan()
    walk.do(advance(walk.house.service, walk.the(P.DETECTED).id))


def is_on_hold(walk: Held) -> None:
    walk.somebody_holds()
    walk.found()


def is_in_doubt(walk: Held) -> None:
    walk.runner.fates.append(Fate.DIES_BEFORE)
    walk.found()
    walk.house.world.live[B] = {"size": 2}
    walk.scan(seconds=1)
    walk.scan()


def is_everywhere(walk: Held) -> None:
    for name, world in walk.house.worlds.items():
        world.live[A] = {"size": 2}
        walk.scan(name, seconds=1)
    walk.scan(*walk.house.worlds)


def is_of_many_stacks(walk: Held) -> None:
    walk.house.limit(fleet_percent=100)
    walk.everywhere()


def is_fought_over(walk: Held) -> None:
    walk.found(times=4)


def flaps(walk: Held) -> None:
    for _ in range(3):
        walk.house.world.live[A] = {"size": 2}
        walk.scan(seconds=1)
        walk.house.world.live[A] = {"size": 1}
        walk.scan(seconds=1)
    walk.found()


def is_not_helped(walk: Held) -> None:
    walk.house.limit(failures=9)
    walk.runner.fates.extend([Fate.FAILS] * 3)
    walk.found()
    for minutes in (1, 2, 5):
        walk.do(walk.house.later(minutes=minutes))
    walk.somebody_takes_care(retries=False)
    walk.house.world.live[A] = {"size": 1}
    walk.scan()
    walk.found()


def is_beside_an_apply(walk: Held) -> None:
    walk.runner.fates.append(Fate.DIES_BEFORE)
    walk.the_policy_is(replace(AUTO, selection=replace(AUTO.selection, address=A)))
    for address in (A, B):
        walk.house.world.live[address] = {"size": 2}
    walk.scan()
    (finding,) = (one for one in walk.do(walk.house.findings()) if one.address == B)
    walk.do(requesting.request(walk.house.service, finding.report_id, actor="ann"))
    walk.do(walk.house.settle())
    walk.store.dies_in = P.APPLYING
    walk.step(walk.house.scan(seconds=40))
    walk.approve(B)


def cannot_be_scanned(walk: Held) -> None:
    known = walk.in_state(P.QUEUED)
    walk.house.world.refuses_load = RetryableError("the backend is away")
    walk.step(walk.house.scan())
    walk.step(advance(walk.house.service, known.id))


def has_a_provider_in_doubt(walk: Held) -> None:
    walk.house.world.providers = dict.fromkeys((A, B, C), "cloud")
    walk.house.world.doubts = (ProviderDoubt("cloud", "its configuration changed"),)
    walk.found()


def is_one_too_many(walk: Held) -> None:
    for address in (A, B):
        walk.house.world.live[address] = {"size": 2}
    walk.scan()
    walk.approve(A)
    walk.approve(B)


def has_a_script_that_cannot_be_isolated(walk: Held) -> None:
    walk.house.service.scripts = WorldScripts({"cut-off": "1"}, {"cut-off": "1"}, "no namespaces")
    walk.found()
    walk.approve(A)


WALKS: Final[Mapping[str, tuple[Policy, Deed]]] = {
    "confirmation": (AUTO, is_new),
    "kill_switch": (AUTO, is_on_hold),
    "mode": (AUTO, limited("observe")),
    "other_owner": (AUTO, limited("another's")),
    "window": (AUTO, limited("frozen")),
    "budget": (AUTO, limited("no budget")),
    "breaker": (AUTO, is_in_doubt),
    "fleet_share": (AUTO, is_everywhere),
    "ramp": (AUTO, is_of_many_stacks),
    "fight": (AUTO, is_fought_over),
    "flapping": (AUTO, flaps),
    "attempts": (AUTO, is_not_helped),
    "stack_busy": (AUTO, is_beside_an_apply),
    "stack_health": (AUTO, cannot_be_scanned),
    "provider_doubt": (AUTO, has_a_provider_in_doubt),
    "quarantine": (QUARANTINE, is_one_too_many),
    "script": (BY_SCRIPT, has_a_script_that_cannot_be_isolated),
}


def guards_that_held(name: str) -> set[str]:
    """Walk to where guard `name` holds; return every guard that held on the way."""
    policy, deed = WALKS[name]
    walk = Held()
    try:
        walk.the_policy_is(policy)
        deed(walk)
        walk.check()
        return walk.held_by
    finally:
        for world in walk.house.worlds.values():
            world.live.update(
                {one: dict(world.declared[one]) for one in (A, B) if one in world.live}
            )
        walk.house.world.doubts = ()
        walk.the_policy_is(None)
        walk.teardown()
