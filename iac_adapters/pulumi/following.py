"""What an update changes of an object only because another one has moved. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from iac_adapters.pulumi.carried import above, values_from
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.property_paths import parse_property_path, top, touches
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.refreshed_preview import Update, Updates
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.compare import align_as_listed, aligned_paths, ordered, value_at
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    ResourceAddress,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import UNKNOWN

Verdicts = Mapping[ResourceAddress, Verdict]
_UNTOLD: Final = "after a refresh, an update would change it, and nothing tells what moved"


@dataclass(frozen=True, slots=True, repr=False)
class Following:
    """One scan's verdicts on each object by itself, and which of these have `moved`."""

    verdicts: Verdicts
    moved: Collection[ResourceAddress]
    resources: Mapping[ResourceAddress, LoadedResource]
    digester: SecretDigester

    def verdict(self, resource: LoadedResource, updates: Updates) -> Verdict:
        """Return the verdict on `resource` with what an update does after a refresh.

        What the code asks for is shown there.
        """
        own = self.verdicts[resource.recorded_as.address]
        update = _update_of(resource, updates)
        if update is None or not _may_follow(resource, own):
            return own
        replaced = update.step is Step.REPLACE
        cause = self._cause(resource)
        if isinstance(own, Drifted):
            return self._joined(own, resource, update, cause)
        if cause is None and isinstance(own, Noise):
            return own
        return Drifted(
            tuple(self._changes(resource, update)),
            noise=own.items if isinstance(own, Noise) else (),
            requires_replace=replaced,
            reason=self._sentence(cause) if cause else _UNTOLD,
            origin=Origin.OUT_OF_BAND,
            follows=cause,
        )

    def unknown(self, resource: LoadedResource, failure: str) -> Verdict:
        """Return the verdict where nobody can tell what an update does after a refresh."""
        own = self.verdicts[resource.recorded_as.address]
        cause = self._cause(resource)
        if cause is None or not _may_follow(resource, own) or isinstance(own, Drifted):
            return own
        return Unreadable(f"{self._sentence(cause)}, and what an update does then: {failure}")

    def _joined(
        self, own: Drifted, resource: LoadedResource, update: Update, cause: ResourceAddress | None
    ) -> Drifted:
        replaced = own.requires_replace or update.step is Step.REPLACE
        shown = [parse_property_path(change.path) for change in (*own.changes, *own.consequences)]
        taken = self._taken(resource)
        beyond = tuple(
            change
            for change in self._changes(resource, update)
            if top(steps := parse_property_path(change.path)) in taken and not touches(steps, shown)
        )
        if cause is None or not beyond:
            return replace(own, requires_replace=replaced)
        names = ", ".join(sorted({top(parse_property_path(change.path)) for change in beyond}))
        reason = own.reason or f"{names} {self._sentence(cause)}"
        changes = (*own.changes, *beyond)
        return replace(own, changes=changes, requires_replace=replaced, reason=reason)

    def _taken(self, resource: LoadedResource) -> frozenset[str]:
        """Return the properties whose values come from other objects."""
        content = resource.state.content if resource.state is not None else {}
        found = content.get("propertyDependencies") or {}
        return frozenset(name for name, urns in found.items() if urns)

    def _changes(self, resource: LoadedResource, update: Update) -> Iterator[Change]:
        recorded, state = resource.recorded, resource.state
        if recorded is None or state is None:
            return
        sides = (recorded.inputs, update.before, update.after)
        secrets = secrets_of((*sides, recorded.outputs), state.secret_outputs)
        secrets = secrets.with_words_of((visible(recorded.inputs), visible(recorded.outputs)))
        named = {top(parse_property_path(path)) for path in update.properties}
        values = (visible(recorded.inputs), visible(update.before), visible(update.after))
        known, before, after = align_as_listed(values, ordered)
        shown: set[Steps] = set()
        for path in aligned_paths(before, after, ordered):
            place = secrets.without_words(secrets.boundary(path) or path)
            if place in shown or (named and top(path) not in named):
                continue
            shown.add(place)
            recorded_value = value_at(known, place)
            redacted, sensitive = secrets.redacted(recorded_value, place, self.digester)
            declared, telling = secrets.redacted(value_at(after, place), place, self.digester)
            live, _ = secrets.redacted(value_at(before, place), place, self.digester)
            if secrets.boundary(place) is not None:
                declared, live = UNKNOWN, redacted  # the CLI masks both
            yield Change(
                path=render_path(place),
                declared=declared,
                recorded=redacted,
                live=live,
                origin=Origin.OUT_OF_BAND,
                sensitive=sensitive or telling,
                forces_replacement=touches(place, map(parse_property_path, update.replacing)),
            )

    def _cause(self, resource: LoadedResource) -> ResourceAddress | None:
        """Return the moved object that `resource` takes values from by the fewest steps.

        Of those that a property takes a value from and those it is deleted or replaced with, the
        former come first: what moves in the latter reaches no property.
        """
        seen: set[ResourceAddress] = set()
        valued = values_from(resource)
        nearest = sorted(above(resource), key=lambda address: (address not in valued, address))
        while nearest:
            if found := [address for address in nearest if address in self.moved]:
                return found[0]
            seen |= set(nearest)
            nearest = sorted(
                {a for address in nearest for a in above(self.resources.get(address))} - seen
            )
        return None

    def _sentence(self, cause: ResourceAddress) -> str:
        return f"follows {cause}, which {_how(self.verdicts[cause])}"


def _update_of(resource: LoadedResource, updates: Updates) -> Update | None:
    """Return what is done to it, which the CLI tells by its new name where an alias renames it."""
    if resource.state is None:
        return None
    return updates.get(resource.named or resource.state.urn)


def _may_follow(resource: LoadedResource, own: Verdict) -> bool:
    state = resource.state
    if state is None or not state.custom or state.external or state.is_provider:
        return False
    as_applied = resource.step in (Step.SAME, None) or resource.followed
    return as_applied and isinstance(own, InSync | Noise | Drifted)


def _how(verdict: Verdict) -> str:
    if isinstance(verdict, Missing):
        return "is gone"
    replaced = isinstance(verdict, Drifted) and verdict.requires_replace
    return "would be replaced" if replaced else "was changed"
