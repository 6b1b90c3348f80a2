"""The slow way: one whole `pulumi refresh --preview-only`, read back. Fallback and oracle.

It locks nothing and writes nothing. Its summary does not say what drifted; its event stream
does, with secrets masked: that one changed is seen from the properties it names.

Source: resOutputsEvent of a refresh carries the result (`same`, `update`, `delete`) and both
sides; pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.pulumi.carried import Moved, moved
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.events import Done, done_in, events_of
from iac_adapters.pulumi.followed_outputs import (
    fed_outputs,
    has_outputs,
    secretive,
    with_outputs,
)
from iac_adapters.pulumi.following import Following
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import DiffAnswer, ReadAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.reader import PulumiQuestions
from iac_adapters.pulumi.redacted_events import diffs_in, refreshed, unredacted
from iac_adapters.pulumi.refreshed_preview import Updates, run_refreshed
from iac_adapters.pulumi.refusals import ONLY_BY_CLI
from iac_adapters.pulumi.verdicts import verdict_of
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import InSync, Observed, Unreadable, Verdict

_TIMEOUT_S: Final = 3600.0


@dataclass(frozen=True, slots=True, repr=False)
class CliRefresh:
    """What the CLI found, by URN; or the reason why it found nothing at all.

    `updates` is what an update would do after that refresh. It is asked for where something
    moved; `unasked` is why there is no answer then.
    """

    steps: Mapping[str, Done] = field(default_factory=dict)
    failure: str = ""
    updates: Updates = field(default_factory=dict)
    unasked: str = ""


async def refresh_by_cli(
    context: Context, resources: Iterable[LoadedResource], *, without: Sequence[str] = ()
) -> CliRefresh:
    """Run one refresh that only looks, and preview what follows from what it saw.

    `without` are URNs that must not be read.
    """
    options = [f"--exclude={urn}" for urn in without]
    run = await context.cli.run(
        "refresh", "--preview-only", "--json", *options, timeout_s=_TIMEOUT_S
    )
    if run.exit_code != 0:
        return CliRefresh(failure=context.cli.reason(run))
    steps = (step for event in events_of(run.stdout) if (step := done_in(event)) is not None)
    seen = {step.urn: step for step in steps if step.stage == "outputs"}
    if all(map(_as_recorded, seen.values())):
        return CliRefresh(seen)
    run, updates = await run_refreshed(
        context.cli,
        options,
        secretive=secretive(resources),
        timeout_s=_TIMEOUT_S,
    )
    if run.exit_code != 0:
        return CliRefresh(seen, unasked=context.cli.reason(run))
    return CliRefresh(seen, updates=updates)


def _as_recorded(step: Done) -> bool:
    """Whether the refresh found what is recorded; outputs alone may differ where it says `same`."""
    return step.op == "same" and refreshed(step, "old") == refreshed(step, "new")


def verdicts(
    found: CliRefresh, resources: Sequence[LoadedResource], digester: SecretDigester
) -> Iterator[Observed]:
    """Yield a verdict for each of `resources`.

    A refresh that failed says nothing about anything: all that was asked is unreadable. What an
    update changes because of what moved is tied to that.
    """
    questions = PulumiQuestions(digester)
    own = {}
    for resource in resources:
        verdict = questions.settled(resource)
        if verdict is None or resource.refusal == ONLY_BY_CLI:
            verdict = _verdict(resource, found, questions)
        own[resource.recorded_as.address] = verdict
    by_address = {resource.recorded_as.address: resource for resource in resources}
    moves = {
        address: move
        for address, resource in by_address.items()
        if (move := _moved(resource, own[address], found)) is not None
    }
    following = Following(own, moves.keys(), by_address, digester)
    for address, resource in by_address.items():
        if has_outputs(resource):
            fed = fed_outputs(resource, moves)
            verdict = with_outputs(own[address], resource, found.updates, fed, digester)
        else:
            verdict = following.verdict(resource, found.updates)
        yield Observed(address, verdict)


def _verdict(resource: LoadedResource, found: CliRefresh, questions: PulumiQuestions) -> Verdict:
    if found.failure:
        return Unreadable(found.failure)
    step = found.steps.get(resource.subject.urn)
    if step is None:
        return Unreadable("the CLI's refresh does not mention it")
    live = refreshed(step, "new") or ReadAnswer("", {}, None)
    if step.op == "delete":
        live = ReadAnswer("", {}, None)
    if (verdict := questions.evident(resource, live)) is not None:
        return verdict
    reasons = _told(resource, step)
    if not reasons and step.op == "same" and resource.step in (Step.SAME, None):
        return InSync()
    answer = DiffAnswer(Said.DIFFERENT, reasons, (), {})
    recorded = resource.recorded.outputs if resource.recorded is not None else {}
    live = unredacted(live, recorded, reasons)
    return verdict_of(resource, live, answer, questions.digester)


def _moved(resource: LoadedResource, verdict: Verdict, found: CliRefresh) -> Moved | None:
    step = found.steps.get(resource.state.urn) if resource.state is not None else None
    live = refreshed(step, "new") if step is not None else None
    if live is not None and resource.state is not None:
        live = unredacted(live, resource.state.outputs, ())
    return moved(resource, verdict, live)


def _told(resource: LoadedResource, step: Done) -> tuple[str, ...]:
    """Return the properties that the world or the code changed."""
    drifted = diffs_in(step) if step.op != "same" else ()
    state, wanted = resource.state, resource.wanted
    if state is None or wanted is None or resource.step in (Step.SAME, None):
        return drifted
    names = sorted(wanted.keys() | state.inputs.keys())
    coded = (name for name in names if wanted.get(name) != state.inputs.get(name))
    return tuple(dict.fromkeys((*drifted, *coded)))
