"""What a correction would do, read from a preview's events and its saved plan. Pure.

The events say which steps there are, with secrets masked; the saved plan says the same with
secrets in plain text, but not what is overwritten; a fresh read of ours says that. Together they
bind an approval to what is there, what will be there, and the secrets on both sides.

Source: pkg/resource/deploy/plan.go of pulumi/pulumi 3.259. A plan holds, per resource, the
inputs that differ from the refreshed ones (`goal.inputDiff`), the steps and the planned state.
Its times, seeds and the order of its lines differ between two runs; nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, STACK_TYPE, type_of
from iac_adapters.pulumi.evaluation import Planned, Step, read_plan
from iac_adapters.pulumi.events import Done
from iac_adapters.pulumi.judge import judge
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.new_values import Writing, new_values
from iac_adapters.pulumi.provider import DiffAnswer, ReadAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.provider_config import NOT_CONFIGURATION
from iac_adapters.pulumi.redacted_events import diffs_in, is_redacted, refreshed, unredacted
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import RawProperties, plain, visible
from iac_adapters.pulumi.verdicts import sides_of
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import Change, Drifted, ResourceAddress, StackName
from reconciler.domain.paths import AttributePath, render_path
from reconciler.domain.plan import Action, NewValue, Plan, PlannedChange, PlannedResource
from reconciler.domain.values import Unknown, Value

_ACTIONS: Final = {
    Step.CREATE: Action.CREATE,
    Step.UPDATE: Action.UPDATE,
    Step.REPLACE: Action.REPLACE,
    Step.DELETE: Action.DELETE,
    Step.OTHER: Action.OTHER,
}
_REFRESH: Final = "refresh"
_PASSING: Final = frozenset({"seed", "time"})


@dataclass(frozen=True, slots=True, repr=False)
class Preview:
    """One targeted, refreshing preview: its events' steps, its saved plan, and our own reads."""

    steps: Sequence[Done]
    plans: Mapping[str, Mapping[str, Any]]
    content: bytes
    live: Mapping[str, ReadAnswer]


@dataclass(frozen=True, slots=True, repr=False)
class PlanReader:
    """What a preview is read with. `tools` names CLI and plugins, which an approval is for too."""

    resources: Mapping[ResourceAddress, LoadedResource]
    digester: SecretDigester
    tools: str

    def plan(
        self, preview: Preview, *, stack: StackName, targets: Sequence[ResourceAddress]
    ) -> Plan:
        """Return what the correction would do; no secret is in it.

        Raises:
            PermanentError: the saved plan cannot be read.
        """
        evaluation = read_plan(preview.content)
        found = []
        for urn, planned in evaluation.planned.items():
            if planned.step in (Step.SAME, Step.READ) or not planned.custom:
                continue
            if not _is_bookkeeping(urn, planned):
                found.append(self._resource(urn, evaluation.planned, preview))
        return Plan(
            stack=stack,
            targets=tuple(sorted(targets)),
            resources=tuple(sorted(found, key=lambda item: item.address)),
            outputs=tuple(sorted(_outputs(preview.steps))),
        )

    def _resource(
        self, urn: str, plans: Mapping[str, Planned], preview: Preview
    ) -> PlannedResource:
        planned = plans[urn]
        loaded = self.resources.get(ResourceAddress(urn))
        step = _last(preview.steps, urn)
        inputs = self._inputs(planned, step, loaded)
        action = _ACTIONS.get(planned.step, Action.OTHER)
        if action in (Action.CREATE, Action.REPLACE):
            inputs = unnamed(inputs, urn)
        changes = (
            self._created(inputs, loaded)
            if action is Action.CREATE
            else self._changed(urn, inputs, step, preview, loaded)
        )
        return PlannedResource(
            address=ResourceAddress(urn),
            type=step.type if step is not None else "",
            action=action,
            changes=tuple(sorted(changes, key=lambda change: change.path)),
            new=() if action is Action.DELETE else self._new(urn, inputs, plans, preview),
            seal=self._seal(unnamed(preview.plans.get(urn, {}), urn)),
        )

    def _inputs(
        self, planned: Planned, step: Done | None, loaded: LoadedResource | None
    ) -> RawProperties:
        """Return the inputs that will be written, secrets in plain text.

        Events name them all and mask the secret ones; the plan has those that differ from
        what is refreshed in plain text. A masked one in neither is as the program asks for it.
        """
        inputs: RawProperties = {}
        if step is not None and isinstance(new := step.metadata.get("new"), dict):
            inputs = new.get("inputs") or {}
        asked = (loaded.wanted if loaded is not None else None) or {}
        kept = {
            name: asked.get(name, value) if is_redacted(value) else value
            for name, value in inputs.items()
        }
        return {**kept, **planned.changed}

    def _created(
        self, inputs: RawProperties, loaded: LoadedResource | None
    ) -> Iterator[PlannedChange]:
        recorded = loaded.recorded if loaded is not None else None
        state = loaded.state if loaded is not None else None
        # What its provider calls secret is known only from what it made the last time.
        sides = (inputs, recorded.inputs, recorded.outputs) if recorded is not None else (inputs,)
        secrets = secrets_of(sides, state.secret_outputs if state is not None else ())
        secrets = secrets.with_words_of(map(visible, sides))
        for name, value in visible(inputs).items():
            redacted, _ = secrets.redacted(value, (name,), self.digester)
            yield PlannedChange(render_path((name,)), None, redacted)

    def _changed(
        self,
        urn: str,
        inputs: RawProperties,
        step: Done | None,
        preview: Preview,
        loaded: LoadedResource | None,
    ) -> Iterator[PlannedChange]:
        paths = diffs_in(step) if step is not None else ()
        live = preview.live.get(urn) or _told_live(step, loaded, paths)
        if loaded is None or loaded.state is None or live is None:
            return
        verdict = judge(
            sides_of(loaded, live, wanted=inputs),
            DiffAnswer(Said.DIFFERENT, paths, (), {}),
            ignored=loaded.ignored,
            digester=self.digester,
        )
        if isinstance(verdict, Drifted):
            yield from map(_planned_change, verdict.changes)

    def _new(
        self, urn: str, inputs: RawProperties, plans: Mapping[str, Planned], preview: Preview
    ) -> tuple[NewValue, ...]:
        loaded = self.resources.get(ResourceAddress(urn))
        recorded = loaded.recorded if loaded is not None else None
        live = preview.live.get(urn)
        writing = Writing(
            step=plans[urn],
            inputs=unnamed(inputs, urn),
            recorded=unnamed(recorded.inputs, urn) if recorded is not None else {},
            live=live.outputs if live is not None else None,
            planned=plans,
        )
        return new_values(writing, loaded, self.digester)

    def _seal(self, plan: Mapping[str, Any]) -> str:
        lasting = {name: value for name, value in plan.items() if name not in _PASSING}
        value: Value = {"plan": plain(_tagged(lasting)), "tools": self.tools}
        return value_digest(value, key=self.digester.key)


def _is_bookkeeping(urn: str, planned: Planned) -> bool:
    """Whether an update only writes down which plugin a provider is: the engine always does.

    Source: an explicit provider of a parameterized package is recorded with the package's
    version when it is created, and with the plugin's from the second update on (3.259).
    """
    if planned.step is not Step.UPDATE or not type_of(urn).startswith(PROVIDER_TYPES):
        return False
    return {*planned.changed, *planned.removed} <= NOT_CONFIGURATION


def _told_live(
    step: Done | None, loaded: LoadedResource | None, paths: Sequence[str]
) -> ReadAnswer | None:
    """Return what the CLI's own refresh has read, where we have not."""
    live = refreshed(step, "old") if step is not None else None
    if live is None or loaded is None or loaded.recorded is None:
        return live
    return unredacted(live, loaded.recorded.outputs, paths)


def _planned_change(change: Change) -> PlannedChange:
    return PlannedChange(AttributePath(change.path), change.live, change.declared)


def _last(steps: Sequence[Done], urn: str) -> Done | None:
    """Return the step that says what will be: not the refresh before it.

    A replacement may end with the deletion of the old object, which says nothing of the new.
    """
    fitting = [step for step in steps if step.urn == urn and step.op != _REFRESH]
    telling = [done for done in fitting if isinstance(done.metadata.get("new"), dict)]
    chosen = telling or fitting
    return chosen[-1] if chosen else None


def unnamed(raw: Any, urn: str) -> Any:
    """Return `raw` without the random end of names that Pulumi gives: each preview rolls it."""
    logical = re.escape(urn.rpartition("::")[2])
    return _renamed(raw, re.compile(rf"^({logical}-)[0-9a-f]{{7}}$"))


def _renamed(raw: Any, name: re.Pattern[str]) -> Any:
    if isinstance(raw, str):
        return name.sub(r"\1*", raw)
    if isinstance(raw, list):
        return [_renamed(item, name) for item in raw]
    if isinstance(raw, dict):
        return {key: _renamed(item, name) for key, item in raw.items()}
    return raw


def _outputs(steps: Sequence[Done]) -> Iterator[str]:
    """Yield the stack's outputs that would change to something that is known now."""
    for step in steps:
        if step.type != STACK_TYPE or step.stage != "outputs":
            continue
        old = _plain_outputs(step.metadata.get("old"))
        new = _plain_outputs(step.metadata.get("new"))
        for name in old.keys() | new.keys():
            after = new.get(name)
            if old.get(name) != after and not isinstance(after, Unknown):
                yield name


def _plain_outputs(state: Any) -> dict[str, Value]:
    outputs = state.get("outputs") if isinstance(state, dict) else None
    if not isinstance(outputs, dict):
        return {}
    return {name: plain(_tagged(value)) for name, value in outputs.items()}


def _tagged(raw: Any) -> Any:
    """Return `raw` with the texts of deciphered or masked secrets where `plain` looks for them."""
    if isinstance(raw, list):
        return [_tagged(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    for name in ("plaintext", "ciphertext"):
        if name in raw:
            return str(raw[name])
    return {key: _tagged(item) for key, item in raw.items()}
