"""A saved plan as `show -json` tells it, read into the domain's `Plan`. Pure.

Source: JSON output format 1.2; `complete` is false for every plan with targets, so it
says nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import new_without_words, without_words
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.terraform.new_values import (
    NOTHING_RECORDED,
    Comparison,
    RecordedObject,
    made_again,
)
from iac_adapters.terraform.plan_values import with_unknown
from iac_adapters.terraform.recorded_content import DigestsOfFile
from iac_adapters.terraform.recorder.planned_secrets import secret_paths
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import Block, ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.unrecorded import unrecorded
from iac_adapters.terraform.values import with_blocks
from reconciler.domain.compare import align, aligned_paths, sort_key, value_at
from reconciler.domain.errors import PermanentError
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import AttributePath, Steps, render_path
from reconciler.domain.plan import Action, NewValue, Plan, PlannedChange, PlannedResource
from reconciler.domain.values import Value

_ACTIONS: Final[Mapping[tuple[str, ...], Action]] = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
}
_NOTHING: Final = (["no-op"], ["read"])
_WITHOUT_SCHEMA: Final = ResourceSchema(version=0, block=Block())


@dataclass(frozen=True, slots=True)
class PlanReader:
    """What a plan's values are read with: schemas by source, what is secret and what recorded."""

    schemas: Mapping[str, ProviderSchema]
    digester: SecretDigester
    redactor: Redactor = field(default_factory=Redactor)
    recorded: Mapping[ResourceAddress, RecordedObject] = field(default_factory=dict)
    digests_of_file: DigestsOfFile = field(default=lambda _text: None)

    def plan(
        self, document: Mapping[str, Any], *, stack: StackName, targets: Sequence[ResourceAddress]
    ) -> Plan:
        """Return what the plan would do; no secret is in it.

        Raises:
            PermanentError: the plan is no whole one.
        """
        _refuse_partial(document)
        entries = [e for e in document.get("resource_changes", ()) if e["mode"] == "managed"]
        left = {entry["previous_address"] for entry in entries if _moves(entry)}
        again = made_again(entries)
        resources = [
            self._resource(entry, left, again, self._unrecorded(document, entry))
            for entry in entries
            if _does_something(entry)
        ] + list(self._invoked(document))
        return Plan(
            stack=stack,
            targets=tuple(sorted(targets)),
            resources=tuple(sorted(resources, key=lambda resource: resource.address)),
            outputs=tuple(sorted(_outputs(document))),
        )

    def _invoked(self, document: Mapping[str, Any]) -> Iterator[PlannedResource]:
        """Yield the actions that the plan would invoke, which do whatever their provider likes.

        What each is given may be secret, so it is sealed and not shown.
        """
        for entry in document.get("action_invocations", ()):
            name = entry.get("address") or entry.get("action_address") or "an action"
            trigger = entry.get("lifecycle_action_trigger") or {}
            cause = (
                trigger.get("action_trigger_event"),
                trigger.get("triggering_resource_address"),
            )
            words = " of ".join(str(word) for word in cause if word)
            change = PlannedChange(AttributePath("invoked by"), None, words.replace("_", " ", 1))
            yield PlannedResource(
                ResourceAddress(str(name)),
                str(entry.get("type", "action")),
                Action.INVOKE,
                changes=(change,) if words else (),
                seal=value_digest(entry, key=self.digester.key),
            )

    def _unrecorded(
        self, document: Mapping[str, Any], entry: Mapping[str, Any]
    ) -> tuple[NewValue, ...]:
        recorded = self.recorded.get(ResourceAddress(entry["address"]))
        return unrecorded(
            document,
            entry,
            self._schema(entry),
            recorded=recorded.values if recorded is not None else {},
            digests_of_file=self.digests_of_file,
        )

    def _resource(
        self,
        entry: Mapping[str, Any],
        left: set[str],
        again: frozenset[str],
        beside: tuple[NewValue, ...],
    ) -> PlannedResource:
        change = entry["change"]
        action = _ACTIONS.get(tuple(change["actions"]), Action.OTHER)
        if _moves(entry) or change.get("importing"):
            # The state is rearranged besides: more than any drift asks for.
            action = Action.OTHER
        address = ResourceAddress(_label(entry, left))
        return PlannedResource(
            address=address,
            type=entry["type"],
            action=action,
            changes=tuple(self._changes(entry)),
            new=(*self._new(entry, self.recorded.get(address), again), *beside),
        )

    def _new(
        self, entry: Mapping[str, Any], recorded: RecordedObject | None, again: frozenset[str]
    ) -> tuple[NewValue, ...]:
        change = entry["change"]
        if change["after"] is None:
            return ()
        if recorded is None:
            return NOTHING_RECORDED
        schema = self._schema(entry)
        comparison = Comparison(
            schema,
            planned=_planned(change, schema),
            before=with_blocks(schema.block, change["before"]) if change["before"] else {},
            recorded=recorded,
            made_again=again,
        )
        places = (*_marked(change), *recorded.sensitive_paths)
        found = comparison.new_values(secrets_of(schema, places), self.digester)
        return tuple(new_without_words(value, self.redactor, self.digester) for value in found)

    def _changes(self, entry: Mapping[str, Any]) -> Iterator[PlannedChange]:
        change = entry["change"]
        schema = self._schema(entry)
        places = _marked(change)
        after = with_unknown(change["after"] or {}, change.get("after_unknown"))
        sides = align((change["before"] or {}, after), schema.is_set)
        secrets = secrets_of(schema, places).with_words_of(sides)
        for path in _shown(sides, schema, secrets):
            before, after = (
                secrets.redacted(value_at(side, path), path, self.digester)[0] for side in sides
            )
            yield without_words(
                PlannedChange(render_path(path), before, after), self.redactor, self.digester
            )

    def _schema(self, entry: Mapping[str, Any]) -> ResourceSchema:
        provider = self.schemas.get(entry.get("provider_name", ""))
        known = provider.resource(entry["type"]) if provider is not None else None
        return known or _WITHOUT_SCHEMA


def _planned(change: Mapping[str, Any], schema: ResourceSchema) -> Value:
    planned = with_unknown(change["after"], change.get("after_unknown"))
    return with_blocks(schema.block, planned) if isinstance(planned, dict) else planned


def _marked(change: Mapping[str, Any]) -> tuple[Steps, ...]:
    """Return each place that the plan marks as secret, before or after it."""
    trees = (change.get("before_sensitive"), change.get("after_sensitive"))
    return tuple({place for tree in trees for place in secret_paths(tree)})


def _shown(sides: Sequence[Value], schema: ResourceSchema, secrets: SecretPaths) -> Iterable[Steps]:
    """Return the places to name: a secret as a whole, and nothing for null against empty."""
    before, after = sides
    differing = (
        path
        for path in aligned_paths(before, after, schema.is_set)
        if not (is_empty(value_at(before, path)) and is_empty(value_at(after, path)))
    )
    places = {secrets.without_words(secrets.boundary(path) or path) for path in differing}
    return sorted(places, key=sort_key)


def _label(entry: Mapping[str, Any], left: set[str]) -> str:
    """Return the name a snapshot has for the object: where the state has it."""
    address: str = entry["address"]
    if entry.get("deposed"):
        return f"{address} ({entry['deposed']})"
    if _moves(entry):
        return str(entry["previous_address"])
    return f"{address} (new)" if address in left else address


def _moves(entry: Mapping[str, Any]) -> bool:
    return entry.get("previous_address") not in (None, entry["address"])


def _does_something(entry: Mapping[str, Any]) -> bool:
    change = entry["change"]
    return change["actions"] not in _NOTHING or _moves(entry) or bool(change.get("importing"))


def _outputs(document: Mapping[str, Any]) -> Iterator[str]:
    for name, change in document.get("output_changes", {}).items():
        if change["actions"] not in _NOTHING:
            yield name


def _refuse_partial(document: Mapping[str, Any]) -> None:
    remedy = "run the tool's own plan in the stack's directory: it says what is missing"
    if document.get("errored"):
        raise PermanentError("the plan ended with an error", remedy=remedy)
    if document.get("deferred_changes"):
        count = len(document["deferred_changes"])
        raise PermanentError(f"the plan puts {count} changes off to a later one", remedy=remedy)
