"""Warm re-checks beside `terraform plan -refresh-only` and beside the bare API calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.domain.model import ResourceAddress
from tests.bench.figures import Limit, Row, Sample, faster, within
from tests.bench.ground import BY_ENVIRONMENT, Ground, Way
from tests.bench.ours import BenchError, warm_stack
from tests.bench.peer import REFRESH, plan_once, plans
from tests.worlds.api_calls import ApiCall, recorded_calls, replay

_PASSES: Final = 7
_MOST_PASSES: Final = 25
_ENOUGH_S: Final = 2.0
_CONNECTIONS: Final = 10
_WITHIN_BARE: Final = 1.3
_ABOVE_BARE: Final = 50.0
_TOTAL: Final = {"small5": 100.0, "mixed62": 7.0}
_LEAST_S: Final = 0.001
_PAUSE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Ours:
    """Our passes and, in turn with them, the same calls made bare; `reads_s` by address."""

    seconds: Sample
    bare: Sample
    reads_s: Mapping[ResourceAddress, float]

    @property
    def pausing(self) -> frozenset[ResourceAddress]:
        """The resources whose read alone outlasts all bare calls: the provider waits there."""
        limit_s = max(_WITHIN_BARE * self.bare.median, _PAUSE_S)
        if self.seconds.median <= limit_s:
            return frozenset()
        return frozenset(address for address, took in self.reads_s.items() if took > limit_s)


async def warm(ground: Ground) -> list[Row]:
    """Return the rows of one stack, for each way of naming the simulator."""
    ours_calls, peer_calls = await _calls(ground)
    rows = [
        within(
            f"{ground.stack}: API calls of a check",
            Sample((float(len(ours_calls)),), "calls"),
            Sample((float(len(peer_calls)),), "calls"),
            at_most=1.0,
        )
    ]
    for way in ground.ways:
        ours = await _ours(ground, way, ours_calls)
        peer = await plans(ground.executable, way, REFRESH)
        rows += _compared(ground, way, ours, peer)
        if ours.pausing and way.name == BY_ENVIRONMENT:
            rows.append(await _without_pauses(ground, way, ours.pausing))
    return rows


async def _ours(
    ground: Ground,
    way: Way,
    calls: Sequence[ApiCall],
    *,
    without: Collection[ResourceAddress] = (),
) -> _Ours:
    passes: list[float] = []
    bare: list[float] = []
    async with warm_stack(way.directory, way.environment, ground.folder / "warm") as stack:
        while len(passes) < _PASSES or (sum(passes) < _ENOUGH_S and len(passes) < _MOST_PASSES):
            bare.append(await _bare(calls, ground.endpoint))
            passes.append(await stack.check(without=without))
        return _Ours(Sample(tuple(passes)), Sample(tuple(bare)), dict(stack.reads_s))


async def _bare(calls: Sequence[ApiCall], endpoint: str) -> float:
    """Make the calls with nothing around them, at our own concurrency; return the seconds.

    Raises:
        BenchError: the simulator failed at one, so the time means nothing.
    """
    made = await replay(calls, endpoint, connections=_CONNECTIONS)
    if made.failures:
        raise BenchError(f"{made.failures} of {made.calls} bare calls failed")
    return made.seconds


async def _without_pauses(ground: Ground, way: Way, pausing: frozenset[ResourceAddress]) -> Row:
    """Compare a check of all other resources with their bare calls."""
    calls = await _warm_calls(ground, way, without=pausing)
    ours = await _ours(ground, way, calls, without=pausing)
    what = f"{ground.stack}, {way.name}: the same without {len(pausing)} read(s) that wait"
    bound = f"{len(ours.reads_s)} reads share the processors with {len(calls)} API calls"
    return within(what, ours.seconds, ours.bare, at_most=_WITHIN_BARE, bound=bound)


def _compared(ground: Ground, way: Way, ours: _Ours, peer: Sample) -> list[Row]:
    label = f"{ground.stack}, {way.name}"
    bound = _bound(ours, peer)
    against = within(
        f"{label}: against the bare calls", ours.seconds, ours.bare, at_most=_WITHIN_BARE
    )
    read_bound = f"{len(ours.reads_s)} reads through the plugin and a look at state and code"
    at_least = _TOTAL.get(ground.stack)
    return [
        replace(against, bound=bound if ours.pausing else read_bound),
        faster(f"{label}: total", ours.seconds, peer, at_least=at_least, bound=bound),
        _above(f"{label}: time above the bare calls", ours, peer, bound),
    ]


def _above(what: str, ours: _Ours, peer: Sample, bound: str) -> Row:
    """Compare what each needs beyond the bare calls' median.

    What is less than the bare calls' own spread cannot be told from it, and counts as it.
    """
    bare = ours.bare
    least_s = max(bare.median - min(bare.values), _LEAST_S)
    mine = Sample(tuple(max(value - bare.median, least_s) for value in ours.seconds.values))
    theirs = Sample(tuple(max(value - bare.median, least_s) for value in peer.values))
    return Row(
        what, mine, theirs, theirs.median / mine.median, Limit("at least", _ABOVE_BARE), bound
    )


def _bound(ours: _Ours, peer: Sample) -> str:
    address, longest_s = max(ours.reads_s.items(), key=lambda item: item[1])
    if address in ours.pausing:
        return f"the provider itself spends {longest_s:.2f} s in one read, of {address}"
    return (
        f"the bare calls alone take {ours.bare}: no reader could be more than"
        f" {peer.median / ours.bare.median:.0f}x faster than this peer"
    )


async def _calls(ground: Ground) -> tuple[list[ApiCall], list[ApiCall]]:
    """Return what one warm scan of ours and one stock plan send."""
    way = ground.ways[0]
    ours = await _warm_calls(ground, way)
    async with recorded_calls(ground.endpoint) as calls:
        environment = {**way.environment, "AWS_ENDPOINT_URL": calls.endpoint}
        await plan_once(ground.executable, way, REFRESH, environment)
        return ours, list(calls.kept)


async def _warm_calls(
    ground: Ground, way: Way, *, without: Collection[ResourceAddress] = ()
) -> list[ApiCall]:
    """Return what one warm scan of ours sends, seen at a counting proxy."""
    async with recorded_calls(ground.endpoint) as calls:
        environment = {**way.environment, "AWS_ENDPOINT_URL": calls.endpoint}
        async with warm_stack(way.directory, environment, ground.folder / "counted") as stack:
            calls.clear()
            await stack.check(without=without)
            return list(calls.kept)
