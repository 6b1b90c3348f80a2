"""What the code asks of the recorded state, by the tool's own plan of it. Pure.

A resource's own block may be as applied and still be planned to change: the provider's
configuration reaches it, as `default_tags` does. That is code too, and nobody applied it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import align, aligned_paths, same, value_at
from reconciler.domain.model import Change, Drifted, InSync, Noise, NoiseItem, Origin, Verdict
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Attributes, Value

_REASON = "its provider's configuration has a change that is not applied"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What is recorded of one resource, and what the code's plan would make of it."""

    schema: ResourceSchema
    recorded: Attributes
    planned: Attributes
    config: Attributes

    def places(self) -> tuple[Steps, ...]:
        """Return where the plan would change the recorded state."""
        recorded, planned = self.sides()
        return tuple(
            path
            for path in aligned_paths(recorded, planned, self.schema.is_set)
            if not (is_empty(value_at(recorded, path)) and is_empty(value_at(planned, path)))
        )

    def sides(self) -> tuple[Value, ...]:
        """Return the recorded and the planned object, sets aligned."""
        return align((self.recorded, self.planned), self.schema.is_set)

    def by_provider(self) -> tuple[Steps, ...]:
        """Return the places that the provider changes by itself, and knows the value of."""
        planned = self.sides()[1]
        return tuple(
            path
            for path in self.places()
            if self._is_the_providers(path) and not contains_unknown(value_at(planned, path))
        )

    @property
    def by_provider_alone(self) -> bool:
        """Whether no place is asked for that the resource's own block decides."""
        places = self.places()
        return bool(places) and all(self._is_the_providers(path) for path in places)

    def _is_the_providers(self, path: Steps) -> bool:
        found = None
        for found in self.schema.attributes_along(path):  # noqa: B007 - the last one counts
            pass
        if found is None:
            return False
        return found[1].computed and value_at(self.config, path[: found[0]]) is None


def asked_of(resource: LoadedResource) -> Asked | None:
    """Return what the code asks of `resource`; None where that is nothing, or unreadable."""
    wire = resource.wire
    if wire is None or not wire.planned or wire.config is None or resource.planned_action is None:
        return None
    schema = resource.schema.resource(wire.type_name) if resource.schema is not None else None
    if schema is None:
        return None
    recorded, planned = decode(wire.upgraded, schema), decode(wire.planned, schema)
    config = decode(wire.config, schema)
    if recorded is None or planned is None or config is None:
        return None
    return Asked(schema, recorded, planned, config)


def awaits_provider(resource: LoadedResource) -> bool:
    """Whether the provider's configuration alone would change the recorded object."""
    asked = asked_of(resource)
    return asked is not None and asked.by_provider_alone and bool(asked.by_provider())


def with_unapplied(
    verdict: Verdict, resource: LoadedResource, live: Attributes, *, digester: SecretDigester
) -> Verdict:
    """Return `verdict` with what the provider's own configuration would change besides.

    Read as recorded, a resource shows nothing of an edited provider; read as the code has it,
    what it shows may come from the reading alone.
    """
    asked = asked_of(resource)
    if asked is None or not isinstance(verdict, InSync | Noise | Drifted):
        return verdict
    if not (resource.read_as_recorded or asked.by_provider_alone):
        return verdict
    found = _Unapplied(asked, live, resource, digester)
    return found.joined_to(verdict)


@dataclass(frozen=True, slots=True, repr=False)
class _Unapplied:
    asked: Asked
    live: Attributes
    resource: LoadedResource
    digester: SecretDigester

    def joined_to(self, verdict: InSync | Noise | Drifted) -> Verdict:
        own = verdict if isinstance(verdict, Drifted) else Drifted(())
        noise = own.noise if isinstance(verdict, Drifted) else _items(verdict)
        shown = {change.path for change in own.changes}
        added = tuple(change for change in self._changes() if change.path not in shown)
        paths = {change.path for change in added}
        changes = (*(self._without_echo(change) for change in own.changes), *added)
        if not changes and not self.asked.by_provider_alone:
            return verdict
        replacing = self.resource.planned_action == "replace"
        return replace(
            own,
            changes=tuple(sorted(changes, key=lambda change: change.path)),
            consequences=tuple(
                consequence for consequence in own.consequences if consequence.path not in paths
            ),
            noise=tuple(item for item in noise if item.path not in paths),
            requires_replace=own.requires_replace or replacing,
            reason=own.reason if changes else _REASON,
        )

    def _changes(self) -> Sequence[Change]:
        schema = self.asked.schema
        # As `Asked.sides`, whose indices the places have, and what is live beside it.
        sides = align((self.asked.recorded, self.asked.planned, self.live), schema.is_set)
        secrets = secrets_of(schema, self.resource.secret_paths).with_words_of(sides)
        recorded, planned, live = sides
        changes = {}
        for path in self.asked.by_provider():
            place = secrets.without_words(secrets.boundary(path) or path)
            pairs = [
                secrets.redacted(value_at(side, place), place, self.digester)
                for side in (planned, recorded, live)
            ]
            name = render_path(place)
            changes[name] = Change(
                path=name,
                declared=pairs[0][0],
                recorded=pairs[1][0],
                live=pairs[2][0],
                origin=self._origin(value_at(recorded, path), value_at(live, path)),
                sensitive=secrets.boundary(path) is not None
                or any(sensitive for _, sensitive in pairs),
            )
        return tuple(changes.values())

    def _origin(self, recorded: Value, live: Value) -> Origin:
        unmoved = same(recorded, live) or (is_empty(recorded) and is_empty(live))
        return Origin.UNAPPLIED if unmoved else Origin.BOTH

    def _without_echo(self, change: Change) -> Change:
        """Return `change` as unapplied where only the edited provider shows it in the read.

        A provider leaves its default tags out of the tags it reads. With other defaults it
        reads as a resource's own tag what the last apply recorded in `tags_all`.
        """
        if self.resource.read_as_recorded or change.origin is Origin.UNAPPLIED:
            return change
        moved = [path for path in self._moved() if _within(render_path(path), change.path)]
        if moved and all(map(self._is_echo, moved)):
            return replace(change, origin=Origin.UNAPPLIED)
        return change

    def _moved(self) -> Iterator[Steps]:
        """Yield each place that reads otherwise than it was recorded, down to single keys."""
        live, recorded = align((self.live, self.asked.recorded), self.asked.schema.is_set)
        for path in aligned_paths(recorded, live, self.asked.schema.is_set):
            yield from _keys(path, value_at(live, path), value_at(recorded, path))

    def _is_echo(self, path: Steps) -> bool:
        shown = value_at(self.live, path)
        return value_at(self.asked.recorded, path) is None and any(
            group[1:] == path[1:]
            and same(shown, value_at(self.asked.recorded, group))
            and same(shown, value_at(self.live, group))
            for group in self.asked.by_provider()
        )


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _keys(path: Steps, live: Value, recorded: Value) -> Iterator[Steps]:
    if not isinstance(live, dict) or not isinstance(recorded, dict | None):
        yield path
        return
    before = recorded or {}
    for key in live.keys() | before.keys():
        if not same(live.get(key), before.get(key)):
            yield from _keys((*path, key), live.get(key), before.get(key))


def _items(verdict: InSync | Noise) -> tuple[NoiseItem, ...]:
    return verdict.items if isinstance(verdict, Noise) else ()
