"""Which values the last apply chose, by the provider's own plan of what was there before.

A plan leaves open what its provider will choose: "known after apply". What the state then has
there counts as made by the apply, whoever ran it. A change by hand between the last read and the
apply cannot be told from it there: a provider that leaves all that is computed open has it taken
in as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from iac_adapters.answers_in_time import answers_in_time
from iac_adapters.terraform.ignored import null_write_only
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.proposed import proposed_new
from iac_adapters.terraform.provider import PlanAnswer, Provider
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.values import decode, encode
from reconciler.domain.compare import align, aligned_paths, same, value_at
from reconciler.domain.kept_baseline import identity_of
from reconciler.domain.model import ResourceAddress, Status
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import Steps
from reconciler.domain.values import Attributes, Unknown, Value


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """The places whose value an apply chose, and the state that it left (msgpack)."""

    state: bytes
    paths: tuple[Steps, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _Applied:
    """One object before an apply and after it. `before` is None where there was none."""

    schema: ResourceSchema
    before: Attributes | None
    private: bytes
    after: Attributes
    config: Attributes


async def chosen_by_apply(
    before: LoadedStack,
    live: Mapping[ResourceAddress, LiveState],
    after: LoadedStack,
    *,
    read: Collection[ResourceAddress],
    providers: Providers,
    deadline_s: float,
) -> dict[ResourceAddress, Chosen]:
    """Return what an apply chose between two loads of one stack, by address.

    `read` are the objects of `before` that were read, and `live` has those that were not as
    recorded. An object that was not read, or that its provider cannot be asked about, is left
    out: its values are held against the older ones.
    """
    return await answers_in_time(
        {
            address: partial(
                _chosen,
                before.resources[address],
                live.get(address),
                resource,
                providers,
                deadline_s,
            )
            for address, resource in after.resources.items()
            if _is_written_anew(before.resources.get(address), resource)
            and (address in read or before.resources[address].wire is None)
        }
    )


def rewritten(before: LoadedStack, after: LoadedStack) -> set[ResourceAddress]:
    """Return the objects of which the state has something else by now."""
    return {
        address
        for address, old in before.resources.items()
        if old.wire is not None
        and ((new := after.resources.get(address)) is None or _is_other(old, new))
    }


def _is_other(old: LoadedResource, new: LoadedResource) -> bool:
    return new.wire is None or old.wire is None or old.wire.upgraded != new.wire.upgraded


def _is_written_anew(old: LoadedResource | None, new: LoadedResource) -> bool:
    if (
        old is None
        or new.recorded.status is not Status.LIVE
        or new.wire is None
        or new.wire.config is None
    ):
        return False
    if old.wire is None:
        return old.recorded.status is Status.NOT_CREATED
    return _is_other(old, new)


async def _chosen(
    old: LoadedResource,
    live: LiveState | None,
    new: LoadedResource,
    providers: Providers,
    deadline_s: float,
) -> Chosen | None:
    applied = _applied(old, live, new)
    if applied is None or new.provider is None or new.wire is None:
        return None
    provider = await providers.get(new.provider)
    answer = await _planned(new, applied, provider, deadline_s)
    if applied.before is not None and answer.requires_replace:
        if not _is_replaced(applied, answer):
            return None  # it waits to be replaced: somebody has only refreshed it
        applied = _Applied(applied.schema, None, b"", applied.after, applied.config)
        answer = await _planned(new, applied, provider, deadline_s)
    planned = decode(answer.state, applied.schema)
    if planned is None or not _is_what_was_done(applied, planned):
        return None
    paths = tuple(_moved(applied, planned))
    return Chosen(new.wire.upgraded, paths) if paths else None


def _applied(old: LoadedResource, live: LiveState | None, new: LoadedResource) -> _Applied | None:
    assert new.wire is not None and new.wire.config is not None  # noqa: S101, PT018 - likewise
    schema = new.schema.resource(new.wire.type_name) if new.schema is not None else None
    if schema is None:
        return None
    recorded = LiveState(old.wire.upgraded if old.wire is not None else NULL, old.private)
    last = live or recorded
    after, config = decode(new.wire.upgraded, schema), decode(new.wire.config, schema)
    if after is None or config is None:
        return None
    private = b"" if last.gone else last.private
    return _Applied(
        schema, decode(last.state, schema), private, after, null_write_only(schema, config)
    )


async def _planned(
    resource: LoadedResource, applied: _Applied, provider: Provider, deadline_s: float
) -> PlanAnswer:
    assert resource.wire is not None  # noqa: S101 - `_applied` has looked
    schema = applied.schema
    return await provider.plan(
        resource.wire.type_name,
        prior=encode(applied.before, schema),
        proposed=encode(proposed_new(schema, applied.before, applied.config), schema),
        config=encode(applied.config, schema),
        private=applied.private,
        provider_meta=resource.wire.provider_meta or None,
        timeout_s=deadline_s,
    )


def _is_replaced(applied: _Applied, answer: PlanAnswer) -> bool:
    """Whether another object stands there, or what it had to be replaced for has come about.

    An object that is named by its name has the same identity after it was made anew.
    """
    if identity_of(applied.before or {}) != identity_of(applied.after):
        return True
    planned = decode(answer.state, applied.schema)
    if planned is None:
        return False
    reasons = [(path, value_at(planned, path)) for path in answer.requires_replace]
    return not any(contains_unknown(value) for _, value in reasons) and all(
        _same(value, value_at(applied.after, path), applied.schema, path) for path, value in reasons
    )


def _is_what_was_done(applied: _Applied, planned: Attributes) -> bool:
    """Whether the state has what the plan says.

    Where it has not, somebody has refreshed it: that takes in what was changed by hand.
    """
    nothing: Attributes = {}  # compared place by place: an object as a whole is never known
    sides = align((applied.before or nothing, planned, applied.after), applied.schema.is_set)
    before, wanted, after = sides
    changed = aligned_paths(before, wanted, applied.schema.is_set)
    known = [path for path in changed if not contains_unknown(value_at(wanted, path))]
    return bool(known) and all(
        _same(value_at(wanted, path), value_at(after, path), applied.schema, path) for path in known
    )


def _moved(applied: _Applied, planned: Attributes) -> Iterator[Steps]:
    """Yield where the apply alone could choose, and has written another value.

    What stands there as it stood before was not written: if it was changed by hand, it still is.
    What code may set, a hand may have set after the last read, and the apply have left alone.
    """
    for path in _open_places(planned):
        if not applied.schema.is_computed_alone(path):
            continue
        before, after = value_at(applied.before, path), value_at(applied.after, path)
        if applied.before is None or not _same(before, after, applied.schema, path):
            yield path


def _open_places(value: Value, at: Steps = ()) -> Iterator[Steps]:
    """Yield the unknown places that names lead to: an index is another one after an apply."""
    if isinstance(value, Unknown):
        yield at
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _open_places(item, (*at, name))


def _same(left: Value, right: Value, schema: ResourceSchema, path: Steps) -> bool:
    if is_empty(left) and is_empty(right):
        return True
    return same(left, right, lambda steps: schema.is_set(path + steps))
