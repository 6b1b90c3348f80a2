"""What an update would do once a refresh has adopted what is there: one real preview.

It changes and locks nothing. Where some objects are named, the CLI reads those alone, and leaves
the rest as it is recorded.

Source: `pulumi preview --refresh --target`; pulumi/pulumi 3.259.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from iac_adapters.plugin_host.command import ToolRun
from iac_adapters.pulumi.checkpoint import STACK_TYPE, StateResource
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.evaluation import Step, evaluate_deadline_s, read_plan, step_of
from iac_adapters.pulumi.events import Done, done_in, events_of
from iac_adapters.pulumi.recorded_values import recorded_change
from iac_adapters.pulumi.redacted_events import diffs_in, tagged
from iac_adapters.pulumi.saved_plan import saved_plan
from iac_adapters.pulumi.values import RawProperties

_CHANGING: Final = frozenset({Step.UPDATE, Step.REPLACE})
_DOING: Final = "what an update does because of drift elsewhere could not be asked"


@dataclass(frozen=True, slots=True, repr=False)
class Update:
    """What an update does to one resource: its inputs by then and after, secrets masked."""

    step: Step
    before: RawProperties
    after: RawProperties
    properties: tuple[str, ...]
    """The property paths it is about, as far as the provider tells."""
    replacing: tuple[str, ...]


Updates = Mapping[str, Update]
"""What is updated or replaced, by URN; of a stack whose outputs change these, as the same step."""


async def preview_refreshed(
    cli: Cli, *, about: Sequence[str] = (), secretive: StateResource | None = None
) -> Updates:
    """Return what an update does after a refresh of the URNs `about`, or of everything.

    `secretive` is as in `run_refreshed`.

    Raises:
        RetryableError: a backend or provider did not answer, or the program did not end in time.
        PermanentError: the preview is refused.
    """
    ask = partial(
        run_refreshed,
        cli,
        secretive=secretive,
        timeout_s=evaluate_deadline_s(cli.environment),
    )
    run, updates = await ask([f"--target={urn}" for urn in about])
    if run.exit_code != 0 and about:
        # Something named may need a resource that is not: one that the code adds.
        run, updates = await ask(())
    if run.exit_code != 0:
        raise cli.failure(run, _DOING)
    return updates


async def run_refreshed(
    cli: Cli, options: Iterable[str], *, secretive: StateResource | None, timeout_s: float
) -> tuple[ToolRun, Updates]:
    """Run one preview; where it fails, there is no update.

    `secretive` is the stack, if secret outputs of it count: both sides of these are the same mark
    in every event, and in plain text in a saved plan alone, which is thrown away.
    """
    run = partial(cli.run, "preview", "--refresh", "--json", *options, timeout_s=timeout_s)
    if secretive is None:
        done = await run()
        return done, updates_in(events_of(done.stdout)) if done.exit_code == 0 else {}
    async with saved_plan() as file:
        done = await run("--show-secrets", f"--save-plan={file}")
        if done.exit_code != 0:
            return done, {}
        plan = read_plan(await asyncio.to_thread(file.read_bytes))
    outputs = recorded_change(secretive, plan.planned.get(secretive.urn))
    updates = updates_in(events_of(done.stdout))
    own = {urn: update for urn, update in updates.items() if urn != secretive.urn}
    if outputs is not None:
        own[secretive.urn] = Update(Step.SAME, *outputs, (), ())
    return done, own


def updates_in(events: Iterable[Mapping[str, Any]]) -> Updates:
    """Return what the events of a preview would update or replace."""
    steps: defaultdict[str, list[Done]] = defaultdict(list)
    for event in events:
        if (done := done_in(event)) is not None:
            steps[done.urn].append(done)
    found = {urn: _update(done) for urn, done in steps.items()}
    changing = {urn: update for urn, update in found.items() if update.step in _CHANGING}
    return changing | dict(_changed_outputs(done[-1] for done in steps.values()))


def _changed_outputs(last: Iterable[Done]) -> Iterator[tuple[str, Update]]:
    for done in last:
        if done.type != STACK_TYPE or done.stage != "outputs":
            continue
        before, after = (_values(done.metadata.get(side), "outputs") for side in ("old", "new"))
        if before != after:
            yield done.urn, Update(Step.SAME, before, after, (), ())


def _update(steps: Sequence[Done]) -> Update:
    step = step_of([done.op for done in steps])
    # The deletion of what is replaced has no new side, and a refresh changes no inputs of code.
    telling = next((d for d in steps if d.op != "refresh" and d.metadata.get("new")), steps[0])
    replacing = telling.metadata.get("keys") or ()
    return Update(
        step,
        before=_values(telling.metadata.get("old"), "inputs"),
        after=_values(telling.metadata.get("new"), "inputs"),
        properties=diffs_in(telling),
        replacing=tuple(map(str, replacing)),
    )


def _values(state: Any, kind: str) -> RawProperties:
    found = tagged(state.get(kind)) if isinstance(state, dict) else None
    return found if isinstance(found, dict) else {}
