"""What the engine asks of a provider where `ignoreChanges` names a place: what is there already.

After a refresh the old inputs are those that were read. The engine puts them back into the new
ones at each ignored path before it lets the provider compare, and so an ignored place differs in
no comparison, be it one element of a list.

Source: `PropertyPath.Reset` in sdk/go/common/resource/properties_path.go of pulumi/pulumi 3.259, as
processIgnoreChanges calls it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import reduce
from typing import Final

from iac_adapters.pulumi.property_paths import ANY, covered, parse_property_path
from iac_adapters.pulumi.values import Raw, RawProperties, is_secret
from reconciler.domain.compare import same, value_at
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value

_ABSENT: Final = object()


def reset_inputs(
    wanted: RawProperties, read: RawProperties, ignored: Iterable[str]
) -> RawProperties:
    """Return `wanted` with what was `read` at each of the `ignored` paths.

    A path that would add an element, or take one out, is warned of by the engine, and not ignored.
    """
    paths = map(parse_property_path, ignored)
    return reduce(lambda inputs, path: _reset_or_left(inputs, read, path), paths, wanted)


def reset_elements(
    live: dict[str, Value], recorded: dict[str, Value], ignored: Iterable[Steps]
) -> dict[str, Value]:
    """Return `live` with the ignored elements of lists of plain values as they are recorded.

    Such a list is told as one. One that differs in ignored elements alone is left as it is.
    """
    for path in ignored:
        name, rest = str(path[0]), path[1:]
        if rest and name in live:
            live = {**live, name: _reset_list(live[name], recorded.get(name), rest)}
    return live


def differs_in_ignored_alone(
    path: Steps, live: Value, others: Iterable[Value], ignored: Collection[Steps]
) -> bool:
    """Whether what differs at `path` is ignored: the place, or elements of a list told as one.

    Of lists that do not differ from any of the `others` nothing is: a provider may tell of them.
    """
    if covered(path, ignored):
        return True
    after, places = value_at(live, path), set[int]()
    for other in others:
        before = value_at(other, path)
        if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after):
            return False
        places.update(
            at for at, pair in enumerate(zip(before, after, strict=True)) if not same(*pair)
        )
    return bool(places) and all(covered((*path, at), ignored) for at in places)


def _reset_or_left(wanted: RawProperties, read: RawProperties, path: Steps) -> RawProperties:
    try:
        found = _reset(dict(wanted), dict(read), path)
    except _NotOnBothSidesError:
        return wanted
    return found if isinstance(found, dict) else wanted


class _NotOnBothSidesError(Exception):
    """What is ignored would have to be added to a list or map, or taken out of it."""


def _reset(new: Raw, old: Raw, path: Steps) -> Raw:
    """Return `new` with what is in `old` at `path`; a secret stays one."""
    if is_secret(new):
        return {**new, "value": _reset(new["value"], old, path)}
    if is_secret(old):
        old = old["value"]
    step, rest = path[0], path[1:]
    if step == ANY:
        return _reset_all(new, old, rest)
    if isinstance(step, int):
        return _reset_element(new, old, step, rest)
    return _reset_key(new, old, step, rest)


def _reset_all(new: Raw, old: Raw, rest: Steps) -> Raw:
    if isinstance(new, dict) and isinstance(old, dict):
        if not rest:
            return {**old}
        if old.keys() - new.keys():
            raise _NotOnBothSidesError
        return {**new, **{key: _reset(new[key], item, rest) for key, item in old.items()}}
    if isinstance(new, list) and isinstance(old, list):
        # Of lists that differ in length, the engine puts back what both have, and warns.
        pairs = zip(new, old, strict=False)
        return [_reset(*pair, rest) if rest else pair[1] for pair in pairs] + new[len(old) :]
    if rest or not isinstance(new, dict | list):
        raise _NotOnBothSidesError
    return new


def _reset_element(new: Raw, old: Raw, index: int, rest: Steps) -> Raw:
    if not isinstance(new, list) and not isinstance(old, list):
        return new
    if not isinstance(new, list) or not isinstance(old, list):
        raise _NotOnBothSidesError
    if not rest and index >= max(len(new), len(old)):
        return new
    if index >= min(len(new), len(old)):
        raise _NotOnBothSidesError
    element = _reset(new[index], old[index], rest) if rest else old[index]
    return [*new[:index], element, *new[index + 1 :]]


def _reset_key(new: Raw, old: Raw, key: str, rest: Steps) -> Raw:
    before = old.get(key, _ABSENT) if isinstance(old, dict) else _ABSENT
    if not isinstance(new, dict):
        if isinstance(old, dict) if rest else before is not _ABSENT:
            raise _NotOnBothSidesError
        return new
    if not rest:
        others = {name: item for name, item in new.items() if name != key}
        return others if before is _ABSENT else {**new, key: before}
    if not isinstance(old, dict) or (key not in new and key in old):
        raise _NotOnBothSidesError
    return {**new, key: _reset(new[key], before, rest)} if key in new else new


def _reset_list(live: Value, recorded: Value, path: Steps) -> Value:
    if not path:
        return live
    step, rest = path[0], path[1:]
    if isinstance(live, dict) and isinstance(recorded, dict):
        keys = live.keys() & recorded.keys() if step == ANY else live.keys() & {str(step)}
        reset = {key: _reset_list(live[key], recorded.get(key), rest) for key in keys}
        return {**live, **reset}
    if not isinstance(live, list) or not isinstance(recorded, list):
        return live
    if rest or any(isinstance(item, dict | list) for item in (*live, *recorded)):
        return live
    reset_one = [
        recorded[index] if index < len(recorded) and step in (ANY, index) else item
        for index, item in enumerate(live)
    ]
    return live if reset_one == recorded else reset_one
