"""Which values a planned resource would get that the last update did not record. Pure.

An update writes inputs: what the code says, and the defaults that its provider's check fills
in. Whatever of them is not as it was recorded comes from code, a default or a setting that
nobody has applied, and that is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iac_adapters.pulumi.checkpoint import provider_urn
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.property_paths import covered, parse_property_path, top
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.compare import align_as_listed, aligned_paths, ordered, same, value_at
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import AttributePath, Steps, render_path
from reconciler.domain.plan import NewValue
from reconciler.domain.values import Value

PROVIDER: Final = AttributePath("provider")
_MADE: Final = frozenset({Step.CREATE, Step.REPLACE})


@dataclass(frozen=True, slots=True, repr=False)
class Writing:
    """What one step of a plan would write: `inputs`, over an object that shows `live`.

    `planned` is the whole plan by URN. Inputs and records hold secrets in plain text.
    """

    step: Planned
    inputs: RawProperties
    recorded: RawProperties
    live: RawProperties | None
    planned: Mapping[str, Planned]


def new_values(
    writing: Writing, loaded: LoadedResource | None, digester: SecretDigester
) -> tuple[NewValue, ...]:
    """Return each value that is not the recorded one, sorted by path; no secret is in them.

    The order of a list counts only where the engine has an update of the code for it. A path
    that `ignoreChanges` names is left as it is found, except when the object is made anew.
    """
    recorded = loaded.recorded if loaded is not None else None
    sides = (writing.inputs, writing.recorded)
    outputs = (recorded.outputs,) if recorded is not None else ()
    extra = loaded.state.secret_outputs if loaded is not None and loaded.state else ()
    secrets = secrets_of((*sides, *outputs), extra)
    secrets = secrets.with_words_of(map(visible, (*sides, *outputs)))
    if loaded is None or recorded is None:
        whole, _ = secrets.redacted(visible(writing.inputs), (), digester)
        return (NewValue(AttributePath(""), None, whole),)
    found = {value.path: value for value in _values(writing, loaded, secrets, digester)}
    if (other := _other_provider(writing.step, loaded, recorded)) is not None:
        found.setdefault(other.path, other)
    return tuple(found[path] for path in sorted(found))


def _values(
    writing: Writing, loaded: LoadedResource, secrets: SecretPaths, digester: SecretDigester
) -> Iterator[NewValue]:
    is_set = _unordered if loaded.step in (Step.SAME, None) else ordered
    sides = (visible(writing.recorded), visible(writing.inputs))
    recorded, planned = align_as_listed(sides, is_set)
    live = None if writing.live is None else visible(writing.live)
    ignored = tuple(map(parse_property_path, loaded.ignored))
    for path in aligned_paths(recorded, planned, is_set):
        before, after = value_at(recorded, path), value_at(planned, path)
        if is_empty(before) and is_empty(after):
            continue
        now = after if live is None else value_at(live, path)
        is_left = writing.step.step not in _MADE and _is_left(path, before, after, now, ignored)
        if is_left or _is_restored(path, writing, loaded):
            continue
        place = secrets.without_words(secrets.boundary(path) or path)
        yield NewValue(
            render_path(place),
            secrets.redacted(value_at(recorded, place), place, digester)[0],
            secrets.redacted(value_at(planned, place), place, digester)[0],
        )


def _unordered(_steps: Steps) -> bool:
    return True


def _is_left(
    path: Steps, before: Value, after: Value, now: Value, ignored: tuple[Steps, ...]
) -> bool:
    """Whether an update writes at ignored places only what it finds there `now`.

    A list of plain values is told as one, of which elements may be ignored.
    """
    if covered(path, ignored):
        return same(now, after)
    if not isinstance(before, list) or not isinstance(after, list) or not isinstance(now, list):
        return False
    return len(before) == len(after) == len(now) and all(
        same(was, new) or (covered((*path, index), ignored) and same(found, new))
        for index, (was, new, found) in enumerate(zip(before, after, now, strict=True))
    )


def _is_restored(path: Steps, writing: Writing, loaded: LoadedResource) -> bool:
    """Whether the value is that of an object which the same plan makes again.

    It is not known before, and the code that refers to it is as it was applied.
    """
    if loaded.step not in (Step.SAME, None):
        return False
    value = value_at(visible(writing.inputs), path)
    if not contains_unknown(value):
        return False
    sources = [writing.planned.get(urn) for urn in writing.step.depends.get(top(path), ())]
    return any(source is not None and source.step in _MADE for source in sources)


def _other_provider(step: Planned, loaded: LoadedResource, recorded: Recorded) -> NewValue | None:
    """Return the change of provider: the object would be made in another place."""
    before = recorded.provider or (loaded.state.provider if loaded.state is not None else "")
    if not before or not step.provider:
        return None
    names = [provider_urn(reference) for reference in (before, step.provider)]
    return None if names[0] == names[1] else NewValue(PROVIDER, names[0], names[1])
