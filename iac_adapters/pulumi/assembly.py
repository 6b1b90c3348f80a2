"""Join what stands in the record, what the program asks for and what the last update left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from iac_adapters.pulumi.baseline import Baseline, recorded_of
from iac_adapters.pulumi.checkpoint import StateResource, type_of
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation, Planned, Step
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.positions import position_of, yaml_lines
from iac_adapters.pulumi.provider_config import ProviderKey, provider_key
from iac_adapters.pulumi.provider_edits import ProviderEdit, is_default_provider, provider_edit
from iac_adapters.pulumi.recorded_values import recorded_change
from iac_adapters.pulumi.refusals import refusal_of
from iac_adapters.pulumi.statuses import status_of
from iac_adapters.pulumi.values import RawProperties, plain
from reconciler.domain.model import (
    ProviderDoubt,
    RecordedResource,
    ResourceAddress,
    SourcePosition,
    Status,
)
from reconciler.domain.origin import contains_unknown

_PENDING = (
    "an update was interrupted while creating it, and nobody knows whether it exists; look for"
    " it, then `pulumi refresh --clear-pending-creates`, and `pulumi import` it if it does"
)


@dataclass(frozen=True, slots=True, repr=False)
class Assembly:
    """What one stack's resources are joined from."""

    context: Context
    evaluation: Evaluation | None
    baseline: Baseline
    dynamic_providers: bool

    def resources(self) -> dict[ResourceAddress, LoadedResource]:
        """Return every resource that the record, the program or the last update knows."""
        lines = yaml_lines(self.context.project)
        found: dict[ResourceAddress, LoadedResource] = {}
        for loaded in (*self._existing(lines), *self._pending(), *self._to_come(lines)):
            found.setdefault(loaded.recorded_as.address, loaded)
        return found

    def _existing(self, lines: Mapping[str, int]) -> Iterator[LoadedResource]:
        checkpoint = self.context.checkpoint
        edits = {f"{resource.urn}::{resource.id}": edit for resource, edit in self._edits()}
        keys = dict(self._keys())
        busy = self._busy()
        for state in checkpoint.resources:
            position = position_of(state.content, self.context.project, lines)
            reference = f"{state.urn}::{state.id}" if state.is_provider else state.provider
            yield self._loaded(
                state, position, keys.get(state.provider), edits.get(reference), busy=busy
            )

    def _loaded(
        self,
        state: StateResource,
        position: SourcePosition | None,
        key: ProviderKey | None,
        edit: ProviderEdit | None,
        *,
        busy: Collection[str],
    ) -> LoadedResource:
        planned = self._planned(state.urn)
        followed = state.urn in busy
        wanted = self._wanted(state, planned) if planned is not None else state.inputs
        # Nothing but the value of an object that is lost, which is shown as missing.
        restored = planned is not None and bool(planned.changed) and wanted == state.inputs
        status, note = status_of(state, planned, edit, followed=followed)
        recorded = self.baseline.resources.get(state.urn)
        if recorded is None or recorded.id != state.id:
            recorded = recorded_of(state)
        return LoadedResource(
            recorded_as=RecordedResource(
                address=_address(state),
                type=state.type,
                status=status,
                source=position,
                dependencies=_dependencies(state),
                note=note,
                provider=edit.label if edit is not None and not state.is_provider else "",
                parent=ResourceAddress(state.parent) if state.parent else None,
            ),
            state=state,
            recorded=recorded,
            wanted=wanted,
            step=planned.step if planned is not None else None,
            ignored=_ignored(state, planned),
            named=self._named(state.urn),
            asked_of=planned.provider if planned is not None else "",
            awaited=planned.awaited if planned is not None else None,
            refused=planned.refused if planned is not None else "",
            recorded_only=recorded_change(state, planned),
            followed=followed or restored,
            provider=key,
            edit=edit,
            refusal=refusal_of(state, key, dynamic_providers=self.dynamic_providers),
            redactor=self.context.redactor,
        )

    def _wanted(self, state: StateResource, planned: Planned) -> RawProperties:
        """Return the inputs the program asks for.

        A value that comes from an object which the record has lost is not known before that
        is made again: no code has changed, so it stands for what it was.
        """
        asked = planned.inputs(state.inputs)
        lost = {
            name: state.inputs[name]
            for name, value in planned.changed.items()
            if name in state.inputs
            and contains_unknown(plain(value))
            and self._are_lost(planned.depends.get(name, ()))
        }
        return {**asked, **lost}

    def _are_lost(self, urns: Sequence[str]) -> bool:
        """Whether the values of `urns` are known but for those of lost objects."""
        created = [urn for urn in urns if (p := self._planned(urn)) and p.step is not Step.SAME]
        recorded = {resource.urn for resource in self.context.checkpoint.resources}
        return bool(created) and all(
            urn in self.baseline.resources and urn not in recorded for urn in created
        )

    def _planned(self, urn: str) -> Planned | None:
        return self.evaluation.of(urn) if self.evaluation is not None else None

    def _named(self, urn: str) -> str:
        return self.evaluation.renamed.get(urn, "") if self.evaluation is not None else ""

    def edits(self) -> tuple[ProviderEdit, ...]:
        """Return every recorded provider, and how the program's differs from it."""
        return tuple(edit for _, edit in self._edits())

    def doubts(self) -> tuple[ProviderDoubt, ...]:
        """Return what the code changes of where providers look, without repetition."""
        found = (
            ProviderDoubt(edit.label, reason) for edit in self.edits() for reason in edit.doubts()
        )
        return tuple(dict.fromkeys(found))

    def _keys(self) -> Iterator[tuple[str, ProviderKey]]:
        """Yield a key for each provider resource, by the reference that resources name it with."""
        for resource, edit in self._edits():
            key = provider_key(resource, edit.inputs, self.context.surroundings)
            yield f"{resource.urn}::{resource.id}", key

    def _edits(self) -> Iterator[tuple[StateResource, ProviderEdit]]:
        for resource in self.context.checkpoint.resources:
            if resource.is_provider:
                yield resource, provider_edit(resource, self._planned(resource.urn))

    def _pending(self) -> Iterator[LoadedResource]:
        """Yield what was being created when an update was interrupted, and is not recorded."""
        recorded = {resource.urn for resource in self.context.checkpoint.resources}
        for pending in self.context.checkpoint.pending:
            if pending.is_unknown_creation and pending.resource.urn not in recorded:
                yield LoadedResource(recorded_as=_absent(pending.resource.urn), refusal=_PENDING)

    def _to_come(self, lines: Mapping[str, int]) -> Iterator[LoadedResource]:
        """Yield what the program asks for and nothing records."""
        if self.evaluation is None:
            return
        busy = self._busy()
        recorded = {resource.urn for resource in self.context.checkpoint.resources}
        labels = {f"{resource.urn}::{resource.id}": edit.label for resource, edit in self._edits()}
        for urn, planned in self.evaluation.planned.items():
            if urn in recorded or planned.step not in (Step.CREATE, Step.IMPORT):
                continue
            if is_default_provider(urn) or (not planned.custom and urn in busy):
                continue
            source = position_of({"urn": urn}, self.context.project, lines)
            absent = _absent(urn, source=source, provider=labels.get(planned.provider, ""))
            yield LoadedResource(
                recorded_as=replace(
                    absent,
                    note=planned.refused or None,
                    parent=ResourceAddress(planned.parent) if planned.parent else None,
                ),
                recorded=self.baseline.resources.get(urn),
                wanted=planned.inputs({}),
                step=planned.step,
                asked_of=planned.provider,
                awaited=planned.awaited,
                imported=planned.imported,
                recorded_only=planned.overwritten,
                refused=planned.refused,
            )

    def _busy(self) -> frozenset[str]:
        """Return the URNs that an update acts on something below of: that is what is shown."""
        planned = self.evaluation.planned if self.evaluation is not None else {}
        parents = {resource.urn: resource.parent for resource in self.context.checkpoint.resources}
        parents |= {urn: entry.parent for urn, entry in planned.items() if entry.parent}
        busy: set[str] = set()
        for urn, entry in planned.items():
            parent = parents.get(urn) if entry.step not in (Step.SAME, Step.READ) else None
            while parent and parent not in busy:
                busy.add(parent)
                parent = parents.get(parent)
        return frozenset(busy)


def _absent(
    urn: str, *, source: SourcePosition | None = None, provider: str = ""
) -> RecordedResource:
    return RecordedResource(
        address=ResourceAddress(urn),
        type=type_of(urn),
        status=Status.NOT_CREATED,
        source=source,
        provider=provider,
    )


def _ignored(state: StateResource, planned: Planned | None) -> tuple[str, ...]:
    if planned is None or planned.ignored is None:
        return state.ignore_changes
    return planned.ignored


def _address(state: StateResource) -> ResourceAddress:
    # The object that a replacement has still to delete bears the name of the new one.
    suffix = f" (to be deleted: {state.id})" if state.content.get("delete") else ""
    return ResourceAddress(f"{state.urn}{suffix}")


def _dependencies(state: StateResource) -> tuple[ResourceAddress, ...]:
    named = [*(state.content.get("dependencies") or ()), state.parent]
    return tuple(dict.fromkeys(ResourceAddress(str(urn)) for urn in named if urn))
