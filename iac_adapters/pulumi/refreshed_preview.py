"""What an update would do once a refresh has adopted what is there: one real preview.

It changes and locks nothing. Where some objects are named, the CLI reads those alone, and leaves
the rest as it is recorded.

Source: `pulumi preview --refresh --target`; pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.plugin_host.command import ToolRun
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.evaluation import Step, evaluate_deadline_s, step_of
from iac_adapters.pulumi.events import Done, done_in, events_of
from iac_adapters.pulumi.redacted_events import diffs_in, tagged
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
"""What is updated or replaced, by URN."""


async def preview_refreshed(cli: Cli, *, about: Sequence[str] = ()) -> Updates:
    """Return what an update does after a refresh of the URNs `about`, or of everything.

    Raises:
        RetryableError: a backend or provider did not answer, or the program did not end in time.
        PermanentError: the preview is refused.
    """
    run = await _run(cli, [f"--target={urn}" for urn in about])
    if run.exit_code != 0 and about:
        # Something named may need a resource that is not: one that the code adds.
        run = await _run(cli, ())
    if run.exit_code != 0:
        raise cli.failure(run, _DOING)
    return updates_in(events_of(run.stdout))


async def _run(cli: Cli, options: Iterable[str]) -> ToolRun:
    deadline_s = evaluate_deadline_s(cli.environment)
    return await cli.run("preview", "--refresh", "--json", *options, timeout_s=deadline_s)


def updates_in(events: Iterable[Mapping[str, Any]]) -> Updates:
    """Return what the events of a preview would update or replace."""
    steps: defaultdict[str, list[Done]] = defaultdict(list)
    for event in events:
        if (done := done_in(event)) is not None:
            steps[done.urn].append(done)
    found = {urn: _update(done) for urn, done in steps.items()}
    return {urn: update for urn, update in found.items() if update.step in _CHANGING}


def _update(steps: Sequence[Done]) -> Update:
    step = step_of([done.op for done in steps])
    # The deletion of what is replaced has no new side, and a refresh changes no inputs of code.
    telling = next((d for d in steps if d.op != "refresh" and d.metadata.get("new")), steps[0])
    replacing = telling.metadata.get("keys") or ()
    return Update(
        step,
        before=_inputs(telling.metadata.get("old")),
        after=_inputs(telling.metadata.get("new")),
        properties=diffs_in(telling),
        replacing=tuple(map(str, replacing)),
    )


def _inputs(state: Any) -> RawProperties:
    found = tagged(state.get("inputs")) if isinstance(state, dict) else None
    return found if isinstance(found, dict) else {}
