"""What a moved object changes elsewhere: through references, and by `replace_triggered_by`. Pure.

The recorded plan evaluates references with what the state holds. Where an object reads
otherwise by now, the tool's next plan evaluates them with that, and changes what refers to it:
a DNS record follows an instance that got another address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.addresses import block_of
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import IsSet, align, aligned_paths, overlap, value_at
from reconciler.domain.errors import PermanentError
from reconciler.domain.lineage import nearest_missing
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Noise,
    NotApplicable,
    Origin,
    ResourceAddress,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import attribute_of, steps_of
from reconciler.domain.values import Value

_MOST_NAMED: Final = 3
_HELD_AGAINST: Final = (InSync, Noise, NotApplicable, Drifted)


@dataclass(frozen=True, slots=True)
class Moved:
    """One object that is not as it was recorded.

    `attributes` names what another resource may see of that, None where that is all of it;
    `live` is what was read, nil where it is gone.
    """

    attributes: frozenset[str] | None
    live: bytes

    @property
    def gone(self) -> bool:
        """Whether there is no object any more."""
        return self.live == NULL


def moved(resource: LoadedResource, live: bytes | None, verdict: Verdict) -> Moved | None:
    """Return what is other of `resource` than it was recorded; None where nothing is.

    `live` is None where it was not read, or read byte for byte as recorded. An attribute that
    an apply would change counts as well: until then nobody knows its value.
    """
    if resource.recorded.status is not Status.LIVE:
        return None
    if live is None and not isinstance(verdict, Missing):
        return None
    attributes = _attributes(resource, live) if live is not None else frozenset()
    return moved_by(attributes, live or NULL, verdict)


def moved_by(attributes: frozenset[str], live: bytes, verdict: Verdict) -> Moved | None:
    """Return what moved of an object that is read with `attributes` other than recorded."""
    if isinstance(verdict, Missing):
        return Moved(None, NULL)
    if isinstance(verdict, Unreadable | Unmanaged):
        return None
    if isinstance(verdict, Drifted):
        if verdict.requires_replace:
            return Moved(None, live)
        named = (*verdict.changes, *verdict.consequences)
        attributes |= {attribute_of(change.path) for change in named}
    return Moved(attributes, live) if attributes else None


def _attributes(resource: LoadedResource, live: bytes) -> frozenset[str]:
    wire = resource.wire
    schema = resource.schema.resource(wire.type_name) if wire and resource.schema else None
    if wire is None or schema is None:
        return frozenset()
    try:
        trees = decode(wire.upgraded, schema), decode(live, schema)
        before, after = align(trees, schema.is_set)
    except PermanentError:
        return frozenset()
    return moved_attributes(before, after, schema.is_set)


def moved_attributes(before: Value, after: Value, is_set: IsSet) -> frozenset[str]:
    """Return the names of what differs between two aligned objects; unset and empty are alike."""
    return frozenset(
        str(path[0])
        for path in aligned_paths(before, after, is_set)
        if path and not (is_empty(value_at(before, path)) and is_empty(value_at(after, path)))
    )


class Ancestry:
    """Which resources the last apply knew to depend on which others, directly or not.

    What depends on one of `awaited` depends on what that waits for as well: code that is not
    applied may be what has it wait.
    """

    def __init__(
        self,
        resources: Mapping[ResourceAddress, LoadedResource],
        awaited: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        blocks: dict[str, list[ResourceAddress]] = defaultdict(list)
        for address, resource in resources.items():
            if resource.recorded.status is not Status.NOT_CREATED:
                blocks[block_of(address)].append(address)
        self._above = {
            address: frozenset(
                above
                for name in _with_awaited(resource.recorded.dependencies, awaited)
                for above in blocks.get(name, ())
                if above != address
            )
            for address, resource in resources.items()
        }

    def above(self, address: ResourceAddress) -> frozenset[ResourceAddress]:
        """Return what `address` depends on."""
        return self._above.get(address, frozenset())

    def closure(self, addresses: Iterable[ResourceAddress]) -> set[ResourceAddress]:
        """Return `addresses`, and all that they depend on."""
        found = set(addresses)
        return found.union(*(self.above(address) for address in found))

    def nearest(
        self, address: ResourceAddress, causes: Iterable[ResourceAddress]
    ) -> ResourceAddress | None:
        """Return the nearest of `causes` that `address` depends on."""
        among = self.above(address) & frozenset(causes)
        upward = {member: tuple(sorted(self.above(member))) for member in (*among, address)}
        return nearest_missing(upward).get(address) if among else None


def _with_awaited(names: Collection[str], awaited: Mapping[str, Collection[str]]) -> frozenset[str]:
    return frozenset(names).union(*(awaited[name] for name in names if name in awaited))


@dataclass(frozen=True, slots=True)
class Cause:
    """The moved object that another one follows."""

    address: ResourceAddress
    moved: Moved

    def sentence(self) -> str:
        """Say what the follower follows, without any value."""
        if self.moved.gone:
            return f"follows {self.address}, which is gone"
        if self.moved.attributes is None:
            return f"follows {self.address}, which would be replaced"
        names = sorted(self.moved.attributes)
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return f"follows {self.address} ({', '.join(names[:_MOST_NAMED])}{more})"


def with_consequences(
    own: Verdict,
    resource: LoadedResource,
    plan: Mapping[str, Any],
    cause: Cause,
    *,
    digester: SecretDigester,
) -> Verdict:
    """Return `own`, the verdict on the object by itself, with what `plan` would change besides.

    `plan` is the tool's own, of the world as it was read.
    """
    if not isinstance(own, _HELD_AGAINST):
        return own
    from iac_adapters.terraform.cli_verdict import verdict_of  # noqa: PLC0415  for whole plans

    planned = verdict_of(resource, plan, digester=digester)
    if isinstance(planned, Unmanaged) and not isinstance(own, Drifted):
        return Drifted((), reason=f"would be destroyed: {cause.sentence()}", follows=cause.address)
    if not isinstance(planned, Drifted):
        return own
    if isinstance(own, Drifted):
        return _joined(own, resource, planned, cause)
    return replace(
        planned,
        changes=tuple(_of_the_world(planned.changes, resource)),
        consequences=tuple(_of_the_world(planned.consequences, resource)),
        noise=own.items if isinstance(own, Noise) else (),
        reason=cause.sentence(),
        follows=cause.address,
    )


def _joined(own: Drifted, resource: LoadedResource, planned: Drifted, cause: Cause) -> Drifted:
    shown = [change.path for change in (*own.changes, *own.consequences)]
    changes = _beyond(planned.changes, shown)
    consequences = _beyond(planned.consequences, shown)
    replacing = planned.requires_replace and not own.requires_replace
    if not changes and not consequences and not replacing:
        return own
    return replace(
        own,
        changes=(*own.changes, *_of_the_world(changes, resource)),
        consequences=(*own.consequences, *_of_the_world(consequences, resource)),
        requires_replace=own.requires_replace or planned.requires_replace,
        reason=own.reason or _share(changes, cause),
    )


def _share(changes: Iterable[Change], cause: Cause) -> str:
    names = sorted({attribute_of(change.path) for change in changes})
    return f"{', '.join(names)} {cause.sentence()}" if names else cause.sentence()


def _beyond(changes: Iterable[Change], shown: Iterable[str]) -> tuple[Change, ...]:
    known = [steps_of(path) for path in shown]
    return tuple(
        change
        for change in changes
        if not any(overlap(steps_of(change.path), steps) for steps in known)
    )


def _of_the_world(changes: Iterable[Change], resource: LoadedResource) -> Iterator[Change]:
    """Yield `changes` with their origin: where the code is as applied, the world has moved."""
    for change in changes:
        applied = resource.planned_action is None
        yield replace(change, origin=Origin.OUT_OF_BAND) if applied else change
