"""What the program asks for now, as the saved plan of a preview tells it.

The plan holds, per resource, the inputs that differ from the recorded ones, and what an update
would do.

Source: `pulumi preview --save-plan`; pkg/resource/deploy/plan.go of pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgpack
import orjson

from iac_adapters.plugin_host.deadlines import seconds_of
from iac_adapters.pulumi.dependencies import dependencies_in
from iac_adapters.pulumi.redaction import secret_words
from iac_adapters.pulumi.values import RawProperties, deciphered
from reconciler.domain.errors import PermanentError

DEADLINE_S: Final = 600.0
DEADLINE: Final = "TRUEUP_EVALUATE_DEADLINE"
_FORMAT: Final = 8
_REPLACING: Final = frozenset(
    {
        "replace",
        "create-replacement",
        "import-replacement",
        "read-replacement",
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
    IMPORT = "import"
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
    imported: str = ""
    """The id of the object that an update takes into the stack; empty where it imports none."""
    refused: str = ""
    """Why the engine refuses what the code does here, without secrets; empty if it does not."""
    parent: str = ""
    """The URN of its component, or of the stack."""
    outputs: RawProperties = field(default_factory=dict)
    """The outputs that the program registers by itself and that differ from the recorded."""
    outputs_removed: tuple[str, ...] = ()
    overwritten: tuple[RawProperties, RawProperties] | None = None
    """The inputs of the object that is imported, and those that the update then gives it."""

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
    whole: bool = True
    """Whether it holds all that the program asks for. Otherwise it holds what the engine refuses
    and cannot leave out; it is made anew by each scan, and never packed."""

    def of(self, urn: str) -> Planned | None:
        """Return what the program asks for in place of what is recorded as `urn`."""
        return self.planned.get(self.renamed.get(urn, urn))

    @property
    def secret_words(self) -> Iterator[str]:
        """The secret texts in what the program asks for and the record does not hold."""
        return (
            word
            for planned in self.planned.values()
            for side in (planned.changed, planned.outputs, *(planned.overwritten or ()))
            for word in secret_words(side)
        )

    def pack(self) -> bytes:
        """Return it as bytes that `unpack_evaluation` reads."""
        packed: bytes = msgpack.packb(
            {
                "format": _FORMAT,
                "renamed": dict(self.renamed),
                "planned": {
                    urn: [
                        planned.step.value,
                        dict(planned.changed),
                        list(planned.removed),
                        planned.custom,
                        None if planned.ignored is None else list(planned.ignored),
                        planned.provider,
                        {
                            n: list(urns)
                            for n, urns in planned.depends.items()
                            if n in planned.changed
                        },
                        None if planned.awaited is None else list(planned.awaited),
                        planned.imported,
                        planned.refused,
                        planned.parent,
                        dict(planned.outputs),
                        list(planned.outputs_removed),
                        None if planned.overwritten is None else list(planned.overwritten),
                    ]
                    for urn, planned in self.planned.items()
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
                    imported,
                    refused,
                    parent,
                    outputs,
                    tuple(outputs_removed),
                    None if overwritten is None else (overwritten[0], overwritten[1]),
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
                    imported,
                    refused,
                    parent,
                    outputs,
                    outputs_removed,
                    overwritten,
                ) in kept["planned"].items()
            },
            kept["renamed"],
        )
    except (ValueError, TypeError, KeyError):
        return None


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
    for step in (Step.IMPORT, Step.CREATE, Step.UPDATE, Step.DELETE, Step.READ, Step.SAME):
        if step.value in steps:
            return step
    return Step.OTHER if steps else Step.SAME


def inputs_in(state: Mapping[str, Any] | None) -> RawProperties:
    """Return the inputs of a state in the engine's events, which hold a mark for each secret."""
    inputs = (state or {}).get("inputs") or {}
    return {name: deciphered(value, _as_marked) for name, value in inputs.items()}


def evaluate_deadline_s(environment: Mapping[str, str]) -> float:
    """Return how many seconds a program may take.

    Raises:
        PermanentError: the variable is no number above 0.
    """
    return seconds_of(DEADLINE, environment, DEADLINE_S)


def _planned(plan: Mapping[str, Any]) -> Planned:
    goal = plan.get("goal") or {}
    changed, removed = _differing(goal.get("inputDiff") or {})
    outputs, outputs_removed = _differing(goal.get("outputDiff") or {})
    return Planned(
        step=step_of(plan.get("steps") or ()),
        changed=changed,
        removed=removed,
        custom=bool(goal.get("custom", True)),
        ignored=tuple(map(str, goal.get("ignoreChanges") or ())) if goal else None,
        provider=str(goal.get("provider") or ""),
        depends=goal.get("propertyDependencies") or {},
        awaited=tuple(sorted(dependencies_in(goal))) if goal else None,
        imported=str(goal.get("id") or ""),
        parent=str(goal.get("parent") or ""),
        outputs=outputs,
        outputs_removed=outputs_removed,
    )


def _differing(difference: Mapping[str, Any]) -> tuple[RawProperties, tuple[str, ...]]:
    """Return what was added or changed, and the names of what was taken away."""
    changed = {**(difference.get("adds") or {}), **(difference.get("updates") or {})}
    deleted = difference.get("deletes") or ()
    return {name: deciphered(value, _never) for name, value in changed.items()}, tuple(deleted)


def _as_marked(mark: str) -> str:
    return orjson.dumps(mark).decode()


def _never(_ciphertext: str) -> str:
    raise KeyError("a plan made with --show-secrets holds no ciphertext")
