"""What moves along with a change of the same object, as its provider previews the update. Pure.

A counter or a stamp moves whenever somebody changes the object, and a diff names written
properties alone. An update that puts the object right gives them other values once more.
"""

from __future__ import annotations

from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.property_paths import covered, parse_property_path, top
from iac_adapters.pulumi.provider import DiffAnswer, ReadAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.values import RawProperties, visible
from reconciler.domain.compare import same
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value


def unexplained(resource: LoadedResource, live: ReadAnswer, answer: DiffAnswer) -> frozenset[str]:
    """Return the outputs that have moved and that neither code nor `answer` is about.

    Nothing where an update would do nothing, or make the object anew: of that no preview is asked.
    """
    recorded, state = resource.recorded, resource.state
    if recorded is None or state is None or state.external:
        return frozenset()
    if answer.verdict is not Said.DIFFERENT or answer.replaces:
        return frozenset()
    written = {*recorded.inputs, *(resource.wanted or {}), *_named(answer)}
    before, now = visible(recorded.outputs), visible(live.outputs)
    return frozenset(
        name
        for name in before.keys() | now.keys()
        if name not in written and not same(before.get(name), now.get(name))
    )


def moving_along(planned: RawProperties, live: ReadAnswer) -> tuple[Steps, ...]:
    """Return where the update that `planned` previews leaves the value open, or gives another."""
    now = visible(live.outputs)
    return tuple(_moving(visible(planned), now, ()))


def is_along(path: Steps, answer: DiffAnswer) -> bool:
    """Whether the update gives `path` another value, though nobody asks for it."""
    return covered(path, answer.along)


def _moving(planned: Value, now: Value, at: Steps) -> list[Steps]:
    """Return the places that names lead to: an index is another one after an update."""
    if contains_unknown(planned) and not isinstance(planned, dict):
        return [at]
    if not isinstance(planned, dict):
        return [] if alike(planned, now) else [at]
    found: list[Steps] = []
    for name, item in planned.items():
        found += _moving(item, now.get(name) if isinstance(now, dict) else None, (*at, name))
    return found


def alike(planned: Value, now: Value) -> bool:
    """Whether both are the same in any order, or there is nothing on either side."""
    return (is_empty(planned) and is_empty(now)) or same(planned, now, lambda _steps: True)


def _named(answer: DiffAnswer) -> frozenset[str]:
    return frozenset(top(parse_property_path(path)) for path in (*answer.properties, *answer.paths))
