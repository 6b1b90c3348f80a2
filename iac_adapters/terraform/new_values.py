"""What a plan would write that the last apply did not record. Pure.

An unasked correction puts back what was recorded. A value that the code, a default or the
provider's configuration brings in beyond that is new, and waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.terraform.addresses import block_address
from iac_adapters.terraform.loaded import Baseline, LoadedResource, LoadedStack
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import align, aligned_paths, overlap, same, sort_key, value_at
from reconciler.domain.model import Origin, ResourceAddress
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import AttributePath, Steps, render_path
from reconciler.domain.plan import NewValue
from reconciler.domain.values import Attributes, Value

NOTHING_RECORDED: Final = (NewValue(AttributePath(""), None, None),)


@dataclass(frozen=True, slots=True, repr=False)
class RecordedObject:
    """One object as the last apply recorded it.

    `config` is what the code says of it now, None where no plan said so. `applied` says that
    the tool's own plan of the recorded state holds no change for it.
    """

    values: Attributes
    config: Attributes | None
    applied: bool
    dependencies: frozenset[str]
    sensitive_paths: tuple[Steps, ...] = ()


def recorded_object(resource: LoadedResource) -> RecordedObject | None:
    """Return what is recorded of `resource`; None when that is nothing, or unreadable."""
    wire, instance, schema = resource.wire, resource.instance, resource.schema
    known = schema.resource(resource.recorded.type) if schema is not None else None
    before = resource.baseline or (Baseline(wire.upgraded) if wire is not None else None)
    values = decode(before.state, known) if known is not None and before is not None else None
    if known is None or before is None or values is None:
        return None
    config = wire.config if wire is not None else before.config
    return RecordedObject(
        values=values,
        config=decode(config, known) if config is not None else None,
        applied=_applied(resource),
        dependencies=frozenset(instance.dependencies if instance is not None else ()),
        sensitive_paths=instance.sensitive_paths if instance is not None else (),
    )


def _applied(resource: LoadedResource) -> bool:
    if resource.wire is None:
        return resource.baseline is not None and resource.baseline.gone is Origin.OUT_OF_BAND
    return resource.planned_action is None


def recorded_objects(stack: LoadedStack) -> dict[ResourceAddress, RecordedObject]:
    """Return what is recorded, by address."""
    found = {address: recorded_object(resource) for address, resource in stack.resources.items()}
    return {address: recorded for address, recorded in found.items() if recorded is not None}


def made_again(entries: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return what the plan creates, named as the state's dependencies name it: without keys."""
    return frozenset(
        block_address(entry["address"])
        for entry in entries
        if "create" in entry["change"]["actions"]
    )


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """One planned object beside the recorded one. `before` is what the plan starts from."""

    schema: ResourceSchema
    planned: Value
    before: Value
    recorded: RecordedObject
    made_again: Collection[str] = ()

    def new_values(self, secrets: SecretPaths, digester: SecretDigester) -> tuple[NewValue, ...]:
        """Return every place that the plan would write with a value that is not the recorded."""
        sides = self._sides()
        known = secrets.with_words_of(sides)
        places = {
            known.without_words(known.boundary(path) or path) for path in self._places(*sides)
        }
        return tuple(
            NewValue(
                render_path(path),
                recorded=known.redacted(value_at(sides[0], path), path, digester)[0],
                planned=known.redacted(value_at(sides[2], path), path, digester)[0],
            )
            for path in sorted(places, key=sort_key)
        )

    def places(self) -> tuple[Steps, ...]:
        """Return where `new_values` stand."""
        return tuple(self._places(*self._sides()))

    def _sides(self) -> tuple[Value, ...]:
        # In the order of a verdict's, so that both name an element of a set by one index.
        sides = (self.recorded.values, self.before, self.planned)
        return align(sides, self.schema.is_set)

    def _places(self, recorded: Value, before: Value, planned: Value) -> Iterator[Steps]:
        # What the plan leaves as it is in the world, such as an ignored place, is not written.
        written = aligned_paths(before, planned, self.schema.is_set)
        for path in aligned_paths(recorded, planned, self.schema.is_set):
            if any(overlap(path, steps) for steps in written) and self._is_new(
                path, value_at(planned, path), value_at(recorded, path)
            ):
                yield path

    def _is_new(self, path: Steps, planned: Value, recorded: Value) -> bool:
        if is_empty(planned) and is_empty(recorded):
            return False
        if contains_unknown(planned):
            return self._is_new_when_known(path, planned, recorded)
        if self._is_computed(path):
            # The provider plans a value of its own choice only for a reason that it was
            # given: its configuration, as `default_tags`, reaches `tags_all` by this way.
            return not is_empty(planned)
        return not (self.recorded.applied and _left_out(planned, recorded))

    def _is_new_when_known(self, path: Steps, planned: Value, recorded: Value) -> bool:
        """Whether an apply would find out something that was not recorded."""
        if self._is_computed(path) or self._says_nothing(path):
            return False
        if not self.recorded.applied or self.recorded.dependencies.isdisjoint(self.made_again):
            return True
        return not _known_part_is_recorded(planned, recorded)

    def _says_nothing(self, path: Steps) -> bool:
        """Whether the code leaves the place out; protocol 5 flags no computed block."""
        return self.recorded.config is not None and is_empty(value_at(self.recorded.config, path))

    def _is_computed(self, path: Steps) -> bool:
        """Whether the provider chooses here, and the code says nothing."""
        found = None
        for found in self.schema.attributes_along(path):  # noqa: B007 - the last one counts
            pass
        if found is None or not found[1].computed:
            return False
        depth, attribute = found
        if self.recorded.config is None:
            return not attribute.optional
        return value_at(self.recorded.config, path[:depth]) is None


def _left_out(planned: Value, recorded: Value) -> bool:
    """Whether the code leaves out what a provider reads back as false or zero."""
    return planned is None and (recorded is False or (recorded == 0 and recorded is not None))


def _known_part_is_recorded(planned: Value, recorded: Value) -> bool:
    """Whether all that is known already of `planned` is as recorded."""
    match planned, recorded:
        case dict(), dict():
            return all(
                _known_part_is_recorded(item, recorded.get(key)) for key, item in planned.items()
            ) and all(key in planned or is_empty(item) for key, item in recorded.items())
        case list(), list():
            # Without the unknown elements' values no order of a set can be told.
            return len(planned) == len(recorded)
        case _ if contains_unknown(planned):
            return True
        case _:
            return (is_empty(planned) and is_empty(recorded)) or same(planned, recorded)
