"""Evaluate a program: one real preview, which changes and locks nothing.

Its saved plan holds secrets in plain text, so it lives in a private folder and only as long as it
is read. Where the engine refuses what the code does to one resource (a protected one would be
deleted or replaced, a value is not accepted), it saves no plan at all: the preview is run again
without that resource, so that everything else of the stack is seen. An import of an object that
does not exist cannot be left out so: then nothing is known of what else the code asks for.

Source: `pulumi preview --save-plan --exclude`; pulumi/pulumi 3.259, where an import is made into
a step before it is asked what is excluded (pkg/resource/deploy/step_generator.go).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host.command import OutOfTimeError, ToolRun
from iac_adapters.plugin_host.provider_errors import cause_of
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, STACK_TYPE, type_of
from iac_adapters.pulumi.cli import PASSING, Cli, speakable
from iac_adapters.pulumi.evaluation import (
    DEADLINE,
    Evaluation,
    Planned,
    Step,
    evaluate_deadline_s,
    inputs_in,
    read_plan,
    step_of,
)
from iac_adapters.pulumi.events import done_in, errors_in, events_of
from iac_adapters.pulumi.saved_plan import saved_plan
from iac_adapters.pulumi.values import RawProperties
from reconciler.domain.errors import RetryableError

_ROUNDS: Final = 4
_FAILED: Final = "Preview failed: "
_IMPORTING: Final = ("import", "import-replacement")


async def evaluate(cli: Cli, heard: Callable[[bytes], None] | None = None) -> Evaluation:
    """Run the program as `pulumi preview` does. No cloud object is read by refreshing.

    What the engine refuses is told at the resource it refuses it for; where that is an import, the
    evaluation holds nothing else and is not `whole`. Each line of the engine's events is `heard`
    as it comes.

    Raises:
        RetryableError: a backend or provider did not answer, the program did not end in time, or
            the tool was killed.
        PermanentError: the program cannot be run as it is.
    """
    async with saved_plan() as file:
        refused: dict[str, Planned] = {}
        first = run = await _preview(cli, file, (), heard)
        for _ in range(_ROUNDS):
            if run.exit_code == 0:
                break
            more = refusals_in(list(events_of(run.stdout)), cli)
            if not more.keys() - refused.keys():
                break
            refused = {**more, **refused}
            run = await _preview(cli, file, sorted(refused), heard)
        if run.exit_code != 0:
            imports = _refused_imports(run, cli)
            if imports:
                return Evaluation({**refused, **imports}, whole=False)
            raise cli.failure(first, "the program could not be evaluated")
        evaluation = read_plan(await asyncio.to_thread(file.read_bytes))
    events = list(events_of(run.stdout))
    planned = {**_with_imports(evaluation.planned, events), **refused}
    return Evaluation(planned, _renamed(events))


async def _preview(
    cli: Cli, file: Path, without: Sequence[str], heard: Callable[[bytes], None] | None
) -> ToolRun:
    deadline_s = evaluate_deadline_s(cli.environment)
    try:
        # A project may ask for a refresh always; what is there is read by us, and every time.
        return await cli.run(
            "preview", "--refresh=false", "--json", "--show-secrets", f"--save-plan={file}",
            *(f"--exclude={urn}" for urn in without),
            timeout_s=deadline_s, heard=heard,
        )  # fmt: skip
    except OutOfTimeError as error:
        raise RetryableError(
            f"{cli.directory}: the program did not end within {deadline_s:g} s",
            remedy=f"look at what it waits for; {DEADLINE} gives it more seconds",
        ) from error


def refusals_in(events: Sequence[Mapping[str, Any]], cli: Cli) -> dict[str, Planned]:
    """Return what the engine refuses, by URN, and what it would have done there.

    Empty where an error is about the program or a provider, or may pass by itself: then it is not
    one resource that is at fault.
    """
    steps, found = steps_in(events), {}
    for said in errors_in(events):
        if said.urn is None or type_of(said.urn) == STACK_TYPE:
            continue
        if type_of(said.urn).startswith(PROVIDER_TYPES) or cause_of(said.text) in PASSING:
            return {}
        text = " ".join(speakable(said.text.removeprefix(_FAILED), cli.redactor).split())
        step = step_of(steps.get(said.urn, ()))
        found[said.urn] = Planned(Step.UPDATE if step is Step.SAME else step, refused=text)
    return found


def _refused_imports(run: ToolRun, cli: Cli) -> dict[str, Planned]:
    """Return what the engine refuses to import; empty where anything else is refused as well."""
    events = list(events_of(run.stdout))
    steps, refused = steps_in(events), refusals_in(events, cli)
    if not all(set(_IMPORTING).intersection(steps.get(urn, ())) for urn in refused):
        return {}
    return {urn: replace(planned, step=Step.IMPORT) for urn, planned in refused.items()}


def steps_in(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the engine's steps by the URN they are about."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for event in events:
        if (step := done_in(event)) is not None:
            found[step.urn].append(step.op)
    return dict(found)


def _with_imports(
    planned: Mapping[str, Planned], events: Sequence[Mapping[str, Any]]
) -> dict[str, Planned]:
    """Return `planned` with the steps of imports, which a saved plan does not name."""
    steps = steps_in(events)
    return {
        urn: replace(entry, step=Step.IMPORT, overwritten=_overwritten(urn, entry, events))
        if entry.imported and step_of(steps.get(urn, ())) is Step.IMPORT
        else entry
        for urn, entry in planned.items()
    }


def _overwritten(
    urn: str, planned: Planned, events: Iterable[Mapping[str, Any]]
) -> tuple[RawProperties, RawProperties] | None:
    """Return the inputs that the update after the import changes, before and after it.

    An event says of each secret only that it is one; what the program asks for is in the plan.
    """
    for event in events:
        step = done_in(event)
        if step is None or (step.urn, step.op) != (urn, Step.UPDATE):
            continue
        before, after = (inputs_in(step.metadata.get(side)) for side in ("old", "new"))
        names = set(step.metadata.get("diffs") or before.keys() | after.keys())
        wanted = {**after, **planned.changed}
        return (
            {name: value for name, value in before.items() if name in names},
            {name: value for name, value in wanted.items() if name in names},
        )
    return None


def _renamed(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the new URNs by the recorded ones, as the engine has resolved the aliases."""
    renamed = {}
    for event in events:
        step = done_in(event)
        old = step.metadata.get("old") if step is not None else None
        if step is None or not isinstance(old, dict) or not isinstance(old.get("urn"), str):
            continue
        if old["urn"] != step.urn:
            renamed[old["urn"]] = step.urn
    return renamed
