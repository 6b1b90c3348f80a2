"""Which outputs of a stack an update changes because somebody moved a value. Pure.

The record does not say where an output comes from. So one may follow a moved object whose
recorded value stands in it, and does where the preview after a refresh gives it another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from iac_adapters.pulumi.carried import Moved, texts_in
from iac_adapters.pulumi.checkpoint import STACK_TYPE, StateResource
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.property_paths import parse_property_path, top
from iac_adapters.pulumi.recorded_values import recorded_changes
from iac_adapters.pulumi.refreshed_preview import Updates
from iac_adapters.pulumi.values import RawProperties, secret_paths, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Change, Drifted, Origin, ResourceAddress, Unreadable, Verdict
from reconciler.domain.origin import contains_unknown

Fed = Mapping[str, ResourceAddress]
"""By output the moved object that it may take a value from."""


def has_outputs(resource: LoadedResource) -> bool:
    """Whether it is the stack itself, and its record holds outputs."""
    state = resource.state
    return state is not None and state.type == STACK_TYPE and bool(state.outputs)


def fed_outputs(resource: LoadedResource, among: Mapping[ResourceAddress, Moved]) -> Fed:
    """Return the stack's outputs that hold a recorded value which reads otherwise by now.

    What an update changes itself stands for the outputs that it feeds.
    """
    outputs = visible(resource.state.outputs) if resource.state is not None else {}
    found: dict[str, ResourceAddress] = {}
    for name, value in outputs.items():
        texts = list(texts_in(value))
        sources = (address for address, moved in sorted(among.items()) if moved.is_held_in(texts))
        if (source := next(sources, None)) is not None:
            found[name] = source
    return found


def secretive(
    resources: Iterable[LoadedResource], names: Collection[str] | None = None
) -> StateResource | None:
    """Return the stack's record where a secret may follow as one of its outputs.

    `names` are those that may follow, all of them where they are not known.
    """
    stack = next((each.state for each in resources if has_outputs(each)), None)
    outputs = {} if stack is None else stack.outputs
    secrets = (
        place
        for name, value in outputs.items()
        if names is None or name in names
        for place in secret_paths(value, (name,))
    )
    return stack if any(secrets) else None


def with_outputs(
    own: Verdict, resource: LoadedResource, updates: Updates, fed: Fed, digester: SecretDigester
) -> Verdict:
    """Return the verdict on the stack, `own` without them, with the outputs that follow."""
    update = updates.get(resource.state.urn) if resource.state is not None else None
    if update is None:
        return own
    by_code = {top(parse_property_path(change.path)) for change in _changes_of(own)}
    names = [name for name in _known(update.before, update.after) if name in fed.keys() - by_code]
    before, after = (
        {name: side[name] for name in names if name in side}
        for side in (update.before, update.after)
    )
    changes = tuple(
        replace(change, origin=Origin.OUT_OF_BAND)
        for change in recorded_changes(before, after, digester)
    )
    if not changes:
        return own
    causes = sorted({fed[name] for name in names})
    follows = _sentence(causes)
    if isinstance(own, Drifted):
        reason = "; ".join(filter(None, (own.reason, f"{', '.join(names)} {follows}")))
        return replace(own, changes=(*own.changes, *changes), reason=reason)
    return Drifted(
        changes,
        reason=follows,
        origin=Origin.OUT_OF_BAND,
        follows=causes[0] if len(causes) == 1 else None,
    )


def outputs_untold(own: Verdict, fed: Fed, failure: str) -> Verdict:
    """Return the verdict on the stack where nobody can tell what becomes of its outputs."""
    if not fed or isinstance(own, Drifted):
        return own
    return Unreadable(f"{_sentence(sorted(set(fed.values())))}, and what an update does: {failure}")


def _known(before: RawProperties, after: RawProperties) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and not contains_unknown(visible(after).get(name)):
            yield name


def _changes_of(verdict: Verdict) -> tuple[Change, ...]:
    return verdict.changes if isinstance(verdict, Drifted) else ()


def _sentence(causes: list[ResourceAddress]) -> str:
    return f"follows {', '.join(causes)}, which was changed"
