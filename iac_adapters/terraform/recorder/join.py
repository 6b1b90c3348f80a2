"""From what passed on the wire to addresses.

The protocol carries no addresses. The state does: what core hands to
`UpgradeResourceState` is the state's own JSON, and what the provider answers comes back
as the prior state of the plan. Content thus leads from address to connection (and with
it to the alias) and on to the evaluated configuration.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from iac_adapters.terraform.exact_json import exact_loads
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.recorder.capture import ConnectionCapture, PlanCall, UpgradeCall
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.imported import imports_of
from iac_adapters.terraform.recorder.planned import PlannedChange, actions_of, moves_of
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.recording import (
    RecordedConnection,
    RecordedInstance,
    Recording,
)
from iac_adapters.terraform.state import StateInstance

_Content = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One upgraded state, on one connection; `prior` is what a plan of it starts from."""

    connection: int
    call: UpgradeCall
    prior: bytes


def join(
    captures: Sequence[ConnectionCapture],
    instances: Sequence[StateInstance],
    *,
    planned: Sequence[PlannedChange] = (),
    outputs: tuple[PlannedOutput, ...] = (),
    whole: bool = True,
) -> Recording:
    """Name what was captured by the addresses of `instances` (managed ones).

    An instance that nothing was found for, or that nothing tells from another, is left out. A
    plan that is not `whole` has not come to all of them: what is about some that look alike is
    then about none.
    """
    contents = [_state_content(instance) for instance in instances]
    by_content, by_id = _index_upgrades(captures, known=frozenset(contents))
    references = _vote(instances, contents, by_content, captures)
    plans = _Plans(captures)
    joined: dict[str, RecordedInstance] = {}
    unseen: list[StateInstance] = []
    claimed: set[int] = set()
    found = [
        by_content.get(content) or by_id.get(_state_id(instance)) or []
        for instance, content in zip(instances, contents, strict=True)
    ]
    alike = Counter(map(id, found))
    for instance, sightings in zip(instances, found, strict=True):
        sighting = plans.told(sightings, instance) or _choose(
            sightings, instance, references, captures
        )
        if sighting is not None and (whole or plans.cover(sightings, alike[id(sightings)])):
            joined[instance.label] = _recorded(instance, sighting, plans, captures)
        if not sightings:
            unseen.append(instance)
        claimed.update(map(id, sightings))
    imports = imports_of(captures, planned)
    return Recording(
        connections=tuple(
            RecordedConnection(c.source, (c.configure or b"") if c.configured else b"")
            for c in captures
        ),
        instances=joined,
        # What failed is no answer to compare with, and none to plan with.
        data_reads=tuple((c.index, read) for c in captures for read in c.data_reads if read.state),
        actions=actions_of(planned, instances),
        moved=moves_of(planned),
        ephemeral=any(capture.opened_ephemeral for capture in captures),
        renew_at_s=min(
            (capture.renew_at_s for capture in captures if capture.renew_at_s), default=None
        ),
        planned=tuple(planned),
        imports=imports.found,
        failed_imports=imports.failed,
        outputs=outputs,
        unasked=frozenset(_unasked(unseen, claimed, by_content)),
    )


def _unasked(
    unseen: Iterable[StateInstance],
    claimed: Collection[int],
    by_content: Mapping[_Content, Iterable[_Sighting]],
) -> Iterator[str]:
    """Yield the labels of the instances that no call of the plan can have been about.

    A call that belongs to nobody may be about any of its type: content changes on its way, and
    not every object has an `id`.
    """
    nobodys = {
        content[:2]
        for content, sightings in by_content.items()
        if any(id(sighting) not in claimed for sighting in sightings)
    }
    for instance in unseen:
        if (instance.provider.source, instance.type) not in nobodys:
            yield instance.label


def _recorded(
    instance: StateInstance,
    sighting: _Sighting,
    plans: _Plans,
    captures: Sequence[ConnectionCapture],
) -> RecordedInstance:
    plan = None if instance.deposed else plans.of(sighting, instance)
    judged = plan is not None and plan.config != NULL
    validated: tuple[bytes, ...] = ()
    if plan is not None and judged:
        validated = _validated(captures[sighting.connection], plan)
    return RecordedInstance(
        address=instance.address,
        type_name=instance.type,
        connection=sighting.connection,
        upgraded=sighting.call.upgraded,
        config=plan.config if plan is not None and judged else None,
        validated=validated,
        provider_meta=plan.provider_meta if plan is not None else b"",
        planned=_planned(plan) if plan is not None and judged else b"",
    )


def _planned(plan: PlanCall) -> bytes:
    """Return what the plan asks for; nothing where that is what is recorded.

    Code that puts a list in another order asks for that. A set may come in any order.
    """
    if not plan.planned:
        return b""
    planned, prior = (content_of(content, in_order=True) for content in (plan.planned, plan.prior))
    return plan.planned if planned != prior else b""


def _validated(capture: ConnectionCapture, plan: PlanCall) -> tuple[bytes, ...]:
    """Give the configurations that may stand behind `plan`, the exact one alone if it is there.

    Core validates each resource just before it applies `ignore_changes` and plans it.
    """
    configs = {v.config for v in capture.validations if v.type_name == plan.type_name}
    if plan.config in configs:
        return (plan.config,)
    return tuple(sorted(configs))


class _Plans:
    """Plan calls by connection and prior state."""

    def __init__(self, captures: Sequence[ConnectionCapture]) -> None:
        self._calls: dict[tuple[int, str, bytes], list[PlanCall]] = defaultdict(list)
        for capture in captures:
            for call in capture.plans:
                if call.prior != NULL:
                    prior = content_of(call.prior)
                    self._calls[capture.index, call.type_name, prior].append(call)

    def of(self, sighting: _Sighting, instance: StateInstance) -> PlanCall | None:
        """Return the instance's own call; None when nothing tells it from another's."""
        calls = self._at(sighting)
        own = [call for call in calls if call.address == instance.address]
        if own:
            return own[0]
        nameless = [call for call in calls if call.address is None]
        return nameless[0] if len({call.config for call in nameless}) == 1 else None

    def told(self, sightings: Iterable[_Sighting], instance: StateInstance) -> _Sighting | None:
        """Return the sighting whose plan call is known to be this instance's."""
        for sighting in sightings:
            if any(call.address == instance.address for call in self._at(sighting)):
                return sighting
        return None

    def cover(self, sightings: Iterable[_Sighting], instances: int) -> bool:
        """Whether each of so many instances that look alike was planned."""
        own = {id(calls): len(calls) for calls in map(self._at, sightings)}
        return instances == 1 or sum(own.values()) >= instances

    def _at(self, sighting: _Sighting) -> Sequence[PlanCall]:
        return self._calls.get((sighting.connection, sighting.call.type_name, sighting.prior), ())


def _index_upgrades(
    captures: Iterable[ConnectionCapture], *, known: frozenset[_Content]
) -> tuple[dict[_Content, list[_Sighting]], dict[_Content, list[_Sighting]]]:
    """Index by whole content, and by `id` what is not `known`: no instance looks like it."""
    by_content: dict[_Content, list[_Sighting]] = defaultdict(list)
    by_id: dict[_Content, list[_Sighting]] = defaultdict(list)
    for capture in captures:
        for call in capture.upgrades:
            sighting = _Sighting(capture.index, call, content_of(call.upgraded))
            digest = _digest(call.raw_json, call.raw_flatmap)
            content = capture.source, call.type_name, digest
            by_content[content].append(sighting)
            identity = _identity(call.raw_json, dict(call.raw_flatmap))
            if identity and content not in known:
                by_id[capture.source, call.type_name, identity].append(sighting)
    return by_content, by_id


def _state_content(instance: StateInstance) -> _Content:
    flat = tuple(sorted((instance.attributes_flat or {}).items()))
    content = _digest(instance.attributes_json or b"", flat)
    return instance.provider.source, instance.type, content


def _state_id(instance: StateInstance) -> _Content:
    identity = _identity(instance.attributes_json or b"", instance.attributes_flat or {})
    return instance.provider.source, instance.type, identity


def _digest(raw_json: bytes, flatmap: tuple[tuple[str, str], ...]) -> bytes:
    """Digest the content, whatever its layout: core keeps the state file's white space."""
    if not raw_json:
        return hashlib.sha256(repr(flatmap).encode()).digest()
    canonical = orjson.dumps(exact_loads(raw_json), str, orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).digest()


def _identity(raw_json: bytes, flatmap: Mapping[str, str]) -> bytes:
    """Identify by `id`: core strips attributes that the schema has lost, so content may differ."""
    attributes = orjson.loads(raw_json) if raw_json else flatmap
    return str(attributes.get("id") or "").encode()


def _vote(
    instances: Sequence[StateInstance],
    contents: Sequence[_Content],
    by_content: Mapping[_Content, Sequence[_Sighting]],
    captures: Iterable[ConnectionCapture],
) -> dict[int, str]:
    """Tell which provider reference of the state each connection serves.

    Only content that stands under one reference has a vote: two regions may hold
    resources that look the same to the last byte.
    """
    holders: dict[_Content, set[str]] = defaultdict(set)
    for instance, content in zip(instances, contents, strict=True):
        holders[content].add(_reference(instance))
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for content, names in holders.items():
        if len(names) != 1:
            continue
        for sighting in by_content.get(content, ()):
            votes[sighting.connection].update(names)
    named = {instance.address: _reference(instance) for instance in instances}
    for capture in captures:
        for call in capture.plans:
            if call.address is not None:
                votes[capture.index][named[call.address]] += 1
    return {connection: counter.most_common(1)[0][0] for connection, counter in votes.items()}


def _reference(instance: StateInstance) -> str:
    provider = instance.provider
    return f"{provider.module}|{provider.source}|{provider.alias or ''}"


def _choose(
    sightings: Sequence[_Sighting],
    instance: StateInstance,
    references: Mapping[int, str],
    captures: Sequence[ConnectionCapture],
) -> _Sighting | None:
    own = [s for s in sightings if references.get(s.connection) == _reference(instance)]
    if own:
        return own[0]
    unclaimed = [s for s in sightings if s.connection not in references]
    # Between providers that are configured alike there is nothing to choose.
    if len({captures[s.connection].configure for s in unclaimed or sightings}) != 1:
        return None
    return (unclaimed or sightings)[0]
