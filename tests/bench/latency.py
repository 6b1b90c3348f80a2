"""A large stack in a cloud that is 80 ms away, beside `terraform plan -refresh-only`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from iac_adapters.plugin_host.reading import CONCURRENT_READS
from tests.bench.delay import delayed
from tests.bench.figures import Row, Sample, faster, within
from tests.bench.ground import Ground, Way
from tests.bench.ours import warm_stack
from tests.bench.peer import REFRESH, plan_once, plans
from tests.worlds.api_calls import recorded_calls

DELAY_S: Final = 0.08
_PASSES: Final = 3
_PEER_AT_ONCE: Final = 10
"""terraform's own -parallelism."""


async def latency(ground: Ground) -> list[Row]:
    """Return the rows of one stack: a warm re-check and the peer, each call `DELAY_S` later."""
    with delayed(ground.endpoint, delay_s=DELAY_S) as endpoint:
        way = ground.ways[0]
        far = replace(way, environment={**way.environment, "AWS_ENDPOINT_URL": endpoint})
        ours = await _ours(ground, far)
        peer = await plans(ground.executable, far, REFRESH)
    ours_calls, peer_calls = await _calls(ground, way)
    what = f"{ground.stack}, {1000 * DELAY_S:.0f} ms a call"
    return [
        within(f"{what}: API calls of a check", ours_calls, peer_calls, at_most=1.0),
        faster(f"{what}: {CONCURRENT_READS} reads at once, beside -parallelism={_PEER_AT_ONCE}",
               ours, peer),
        within(f"{what}: against the delay of our calls alone", ours, _alone(ours_calls)),
    ]  # fmt: skip


def _alone(calls: Sample) -> Sample:
    """Return what `calls` would take, as many at once, if nothing but their delay took time."""
    return Sample((calls.median * DELAY_S / CONCURRENT_READS,))


async def _ours(ground: Ground, way: Way) -> Sample:
    async with warm_stack(way.directory, way.environment, ground.folder / "far") as stack:
        return Sample(tuple([await stack.check() for _ in range(_PASSES)]))


async def _calls(ground: Ground, way: Way) -> tuple[Sample, Sample]:
    """Return how many calls one re-check of ours and one stock plan make."""
    async with recorded_calls(ground.endpoint) as calls:
        environment = {**way.environment, "AWS_ENDPOINT_URL": calls.endpoint}
        async with warm_stack(way.directory, environment, ground.folder / "counted-far") as stack:
            calls.clear()
            await stack.check()
            ours = len(calls.kept)
        calls.clear()
        await plan_once(ground.executable, way, REFRESH, environment)
        return Sample((float(ours),), "calls"), Sample((float(len(calls.kept)),), "calls")
