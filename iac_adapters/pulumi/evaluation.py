"""What the program asks for now: one real preview, which changes and locks nothing.

Its saved plan holds, per resource, the inputs that differ from the recorded ones, and what an
update would do. It holds secrets in plain text, so it lives in a private folder and only as long as
it is read.

Source: `pulumi preview --save-plan`; pkg/resource/deploy/plan.go of pulumi/pulumi 3.259.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgpack
import orjson

from iac_adapters.plugin_host.deadlines import seconds_of
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.dependencies import dependencies_in
from iac_adapters.pulumi.events import done_in, events_of
from iac_adapters.pulumi.redaction import secret_words
from iac_adapters.pulumi.values import RawProperties, deciphered
from reconciler.domain.errors import PermanentError, RetryableError

DEADLINE_S: Final = 600.0
_DEADLINE: Final = "TRUEUP_EVALUATE_DEADLINE"
_FORMAT: Final = 4
_REPLACING: Final = frozenset(
    {
        "replace",
        "create-replacement",
        "delete-replaced",
        "discard-replaced",
        "remove-pending-replace",
    }
)


class Step(StrEnum):
    """What an update would do about one resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    OTHER = "other"


@dataclass(frozen=True, slots=True, repr=False)
class Planned:
    """One resource of a plan: what is done, and the inputs that differ from the recorded."""

    step: Step
    changed: RawProperties = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    custom: bool = True
    ignored: tuple[str, ...] | None = None
    """The `ignoreChanges` of the program; None where it does not ask for the resource."""
    provider: str = ""
    """The reference of the provider that the program asks for it."""
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By property the URNs that its value comes from."""
    awaited: tuple[str, ...] | None = None
    """The URNs that the program registers before it; None where it does not ask for it."""

    def inputs(self, recorded: RawProperties) -> RawProperties:
        """Return the inputs the program asks for."""
        if not self.changed and not self.removed:
            return recorded
        kept = {name: value for name, value in recorded.items() if name not in self.removed}
        return {**kept, **self.changed}


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """Each resource that the program or the record knows, by URN."""

    planned: Mapping[str, Planned]
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The program's URN of what the record knows by another, by the recorded one: aliases."""

    def of(self, urn: str) -> Planned | None:
        """Return what the program asks for in place of what is recorded as `urn`."""
        return self.planned.get(self.renamed.get(urn, urn))

    @property
    def secret_words(self) -> Iterator[str]:
        """The secret texts in what the program asks for and the record does not hold."""
        return (word for one in self.planned.values() for word in secret_words(one.changed))

    def pack(self) -> bytes:
        """Return it as bytes that `unpack_evaluation` reads."""
        packed: bytes = msgpack.packb(
            {
                "format": _FORMAT,
                "renamed": dict(self.renamed),
                "planned": {
                    urn: [
                        one.step.value,
                        dict(one.changed),
                        list(one.removed),
                        one.custom,
                        None if one.ignored is None else list(one.ignored),
                        one.provider,
                        {n: list(urns) for n, urns in one.depends.items() if n in one.changed},
                        None if one.awaited is None else list(one.awaited),
                    ]
                    for urn, one in self.planned.items()
                },
            }
        )
        return packed


def unpack_evaluation(content: bytes) -> Evaluation | None:
    """Return what was packed; None when another release packed it."""
    try:
        kept = msgpack.unpackb(content)
        if kept["format"] != _FORMAT:
            return None
        return Evaluation(
            {
                urn: Planned(
                    Step(step),
                    changed,
                    tuple(removed),
                    custom,
                    None if ignored is None else tuple(ignored),
                    provider,
                    depends,
                    None if awaited is None else tuple(awaited),
                )
                for urn, (
                    step,
                    changed,
                    removed,
                    custom,
                    ignored,
                    provider,
                    depends,
                    awaited,
                ) in kept["planned"].items()
            },
            kept["renamed"],
        )
    except (ValueError, TypeError, KeyError):
        return None


async def evaluate(cli: Cli) -> Evaluation:
    """Run the program once, as `pulumi preview` does. No cloud object is read by refreshing.

    Raises:
        RetryableError: a backend or provider did not answer, or the program did not end in time.
        PermanentError: the program cannot be run as it is.
    """
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="trueup-preview-"))
    try:
        file = folder / "plan.json"
        deadline_s = evaluate_deadline_s(cli.environment)
        try:
            # A project may ask for a refresh always; what is there is read by us, and every time.
            run = await cli.run(
                "preview", "--refresh=false", "--json", "--show-secrets", f"--save-plan={file}",
                timeout_s=deadline_s,
            )  # fmt: skip
        except RetryableError as error:
            raise RetryableError(
                f"{cli.directory}: the program did not end within {deadline_s:g} s",
                remedy=f"look at what it waits for; {_DEADLINE} gives it more seconds",
            ) from error
        if run.exit_code != 0:
            raise cli.failure(run, "the program could not be evaluated")
        evaluation = read_plan(await asyncio.to_thread(file.read_bytes))
        return replace(evaluation, renamed=_renamed(run.stdout))
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _renamed(output: bytes) -> dict[str, str]:
    """Return the new URNs by the recorded ones, as the engine has resolved the aliases."""
    renamed = {}
    for event in events_of(output):
        step = done_in(event)
        old = step.metadata.get("old") if step is not None else None
        if step is None or not isinstance(old, dict) or not isinstance(old.get("urn"), str):
            continue
        if old["urn"] != step.urn:
            renamed[old["urn"]] = step.urn
    return renamed


def read_plan(content: bytes) -> Evaluation:
    """Return what a saved plan says. Raises PermanentError for what is none."""
    try:
        plans = orjson.loads(content)["resourcePlans"]
        return Evaluation({urn: _planned(plan) for urn, plan in plans.items()})
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError(
            f"the CLI saved a plan that trueup cannot read: {error}",
            remedy="update trueup, or name an older CLI with TRUEUP_PULUMI",
        ) from error


def step_of(steps: Sequence[str]) -> Step:
    """Return one word for the engine's steps about one resource."""
    if any(step in _REPLACING for step in steps):
        return Step.REPLACE
    for step in (Step.CREATE, Step.UPDATE, Step.DELETE, Step.READ, Step.SAME):
        if step.value in steps:
            return step
    return Step.OTHER if steps else Step.SAME


def evaluate_deadline_s(environment: Mapping[str, str]) -> float:
    """Return how many seconds a program may take.

    Raises:
        PermanentError: the variable is no number above 0.
    """
    return seconds_of(_DEADLINE, environment, DEADLINE_S)


def _planned(plan: Mapping[str, Any]) -> Planned:
    goal = plan.get("goal") or {}
    difference = goal.get("inputDiff") or {}
    changed = {**(difference.get("adds") or {}), **(difference.get("updates") or {})}
    return Planned(
        step=step_of(plan.get("steps") or ()),
        changed={name: deciphered(value, _never) for name, value in changed.items()},
        removed=tuple(difference.get("deletes") or ()),
        custom=bool(goal.get("custom", True)),
        ignored=tuple(map(str, goal.get("ignoreChanges") or ())) if goal else None,
        provider=str(goal.get("provider") or ""),
        depends=goal.get("propertyDependencies") or {},
        awaited=tuple(sorted(dependencies_in(goal))) if goal else None,
    )


def _never(_ciphertext: str) -> str:
    raise KeyError("a plan made with --show-secrets holds no ciphertext")
