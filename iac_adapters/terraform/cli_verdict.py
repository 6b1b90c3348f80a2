"""What one `terraform show -json` of a plan says about one resource.

Source: JSON output format 1.x, `resource_changes` and `resource_drift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.exact_json import exact_loads
from iac_adapters.terraform.judge import TAINTED
from iac_adapters.terraform.loaded import LEFT_OUT, LoadedResource
from iac_adapters.terraform.new_values import Comparison, RecordedObject
from iac_adapters.terraform.outputs import output_verdict
from iac_adapters.terraform.plan_values import with_unknown
from iac_adapters.terraform.values import decode_json
from reconciler.domain.compare import (
    IsSet,
    align,
    aligned_paths,
    maps_of_other_keys,
    ordered,
    value_at,
)
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Origin,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.origin import is_empty, origin_of
from reconciler.domain.paths import AttributePath, Steps, attribute_of, render_path
from reconciler.domain.values import UNKNOWN, Value

_JUDGED_AWAY = "the provider would not change it"


def verdict_of(
    resource: LoadedResource, plan: Mapping[str, Any], *, digester: SecretDigester
) -> Verdict:
    """Judge one recorded resource by a complete plan."""
    address = resource.recorded.address
    if resource.output is not None:
        return output_verdict(resource.output, digester=digester)
    if resource.left_out:
        return NotApplicable(LEFT_OUT)
    if resource.recorded.status is Status.NOT_CREATED:
        return Missing(Origin.UNAPPLIED)
    entry = _entry(plan.get("resource_changes", ()), resource)
    drift = _entry(plan.get("resource_drift", ()), resource)
    if entry is None:
        return _without_change(resource, drift)
    change = entry["change"]
    match change["actions"]:
        case ["no-op"]:
            return _in_sync(resource, drift)
        case ["create"]:
            return Missing(Origin.BOTH if _holds_new(resource, change) else Origin.OUT_OF_BAND)
        case ["delete"]:
            return Unmanaged()
        case ["forget"]:
            return InSync()
        case ["update"] | ["delete", "create"] | ["create", "delete"]:
            return _drifted(resource, entry, drift, digester=digester)
        case actions:
            return Unreadable(f"{address}: the plan holds an action unknown to trueup: {actions}")


def planned_verdict(resource: LoadedResource, entry: bytes, *, digester: SecretDigester) -> Verdict:
    """Judge a resource that is built into the tool by its entry (JSON) in a plan."""
    return verdict_of(resource, {"resource_changes": [exact_loads(entry)]}, digester=digester)


def _entry(entries: Iterable[Any], resource: LoadedResource) -> Mapping[str, Any] | None:
    instance = resource.instance
    address = instance.address if instance is not None else resource.recorded.address
    deposed = instance.deposed if instance is not None else None
    for entry in entries:
        names = (entry["address"], entry.get("previous_address"))
        if address in names and entry.get("deposed") == deposed:
            found: Mapping[str, Any] = entry
            return found
    return None


def _without_change(resource: LoadedResource, drift: Mapping[str, Any] | None) -> Verdict:
    if drift is not None and drift["change"]["actions"] == ["delete"]:
        return Noise((NoiseItem(AttributePath(""), "to be deleted, and already gone"),))
    return Unreadable(f"{resource.recorded.address}: the plan does not mention it")


def _in_sync(resource: LoadedResource, drift: Mapping[str, Any] | None) -> Verdict:
    if resource.recorded.status is Status.NOT_APPLICABLE:
        return NotApplicable("built into the tool: there is no remote object")
    if drift is None:
        return InSync()
    change, is_set = drift["change"], _sets_of(resource)
    before, after = align((change["before"], change["after"]), is_set)
    items = tuple(
        NoiseItem(render_path(path), _JUDGED_AWAY)
        for path in aligned_paths(before, after, is_set)
        if not (is_empty(value_at(before, path)) and is_empty(value_at(after, path)))
    )
    return Noise(items) if items else InSync()


def _holds_new(resource: LoadedResource, change: Mapping[str, Any]) -> bool:
    """Whether what would be created is known to be something else than what is recorded."""
    schema = resource.schema.resource(resource.recorded.type) if resource.schema else None
    instance = resource.instance
    if schema is None or instance is None or instance.attributes_json is None:
        return False
    recorded = decode_json(instance.attributes_json, schema)
    if recorded is None:
        return False
    # A refreshed plan does not tell what the code alone asks for: what is unknown says nothing.
    known = RecordedObject(recorded, config={}, applied=True, dependencies=frozenset())
    planned = with_unknown(change["after"], change.get("after_unknown"))
    return bool(Comparison(schema, planned=planned, before={}, recorded=known).places())


def _drifted(
    resource: LoadedResource,
    entry: Mapping[str, Any],
    drift: Mapping[str, Any] | None,
    *,
    digester: SecretDigester,
) -> Verdict:
    change, is_set = entry["change"], _sets_of(resource)
    planned = with_unknown(change["after"], change.get("after_unknown"))
    before = _recorded(resource, change)
    recorded_as = resource.recorded
    if recorded_as.status is Status.NOT_IMPORTED or recorded_as.type != entry["type"]:
        # Nothing is recorded of what is not imported yet, nor in the form of another type.
        before = change["before"]
    recorded, live, planned = align((before, change["before"], planned), is_set)
    replaced = tuple(tuple(path) for path in change.get("replace_paths", ()))
    secret = _Secrets(change, drift)
    changes: list[Change] = []
    consequences: list[Change] = []
    for path in aligned_paths(live, planned, is_set):
        if is_empty(value_at(live, path)) and is_empty(value_at(planned, path)):
            continue
        sides = tuple(value_at(tree, path) for tree in (planned, recorded, live))
        made = _change(path, sides, secret=secret, replaced=replaced, digester=digester)
        (consequences if value_at(planned, path) == UNKNOWN else changes).append(made)
    for path in () if changes else maps_of_other_keys(live, planned):
        sides = tuple(value_at(tree, path) for tree in (planned, recorded, live))
        changes.append(_change(path, sides, secret=secret, replaced=replaced, digester=digester))
    tainted = recorded_as.status is Status.TAINTED
    if not changes and not tainted:
        changes, consequences = _told_apart(consequences, resource)
    by_itself = bool(changes) or tainted
    without = None if by_itself else f"the plan would {_word(change)} it without another value"
    return Drifted(
        changes=tuple(changes),
        consequences=tuple(consequences),
        requires_replace="create" in change["actions"],
        reason=TAINTED if tainted else without,
        origin=None if by_itself else Origin.UNAPPLIED,
    )


def _word(change: Mapping[str, Any]) -> str:
    return "replace" if "create" in change["actions"] else "update"


def _told_apart(
    unknown: list[Change], resource: LoadedResource
) -> tuple[list[Change], list[Change]]:
    """Tell what the code asks for from what the provider will find out along with it."""
    schema = resource.schema.resource(resource.recorded.type) if resource.schema else None
    causes = [
        change
        for change in unknown
        if schema is None or not schema.is_computed_alone((attribute_of(change.path),))
    ]
    forced = [change for change in unknown if change.forces_replacement]
    causes = forced or causes
    return causes, [change for change in unknown if change not in causes]


def _change(
    path: Steps,
    sides: tuple[Value, ...],
    *,
    secret: _Secrets,
    replaced: tuple[Steps, ...],
    digester: SecretDigester,
) -> Change:
    declared, recorded, live = sides
    origin = origin_of(declared, recorded, live)
    sensitive = secret.covers(path)
    if sensitive:
        declared, recorded, live = (digester.digest(side) for side in sides)
    return Change(
        path=render_path(path),
        declared=declared,
        recorded=recorded,
        live=live,
        origin=origin,
        sensitive=sensitive,
        forces_replacement=any(path[: len(steps)] == steps for steps in replaced),
    )


class _Secrets:
    """The plan's mirror trees: `true` stands where the value is a secret."""

    def __init__(self, change: Mapping[str, Any], drift: Mapping[str, Any] | None) -> None:
        self._trees = [change.get("before_sensitive"), change.get("after_sensitive")]
        if drift is not None:
            self._trees += [
                drift["change"].get("before_sensitive"),
                drift["change"].get("after_sensitive"),
            ]

    def covers(self, path: Steps) -> bool:
        return any(_marked(tree, path) for tree in self._trees)


def _marked(tree: Any, path: Steps) -> bool:
    for step in path:
        if tree is True:
            return True
        if isinstance(tree, dict) and isinstance(step, str):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return False
    return _any_true(tree)


def _any_true(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(_any_true(value) for value in tree.values())
    if isinstance(tree, list):
        return any(_any_true(value) for value in tree)
    return tree is True


def _sets_of(resource: LoadedResource) -> IsSet:
    """Tell sets from lists by the provider's schema; without one everything is a list."""
    schema = resource.schema.resource(resource.recorded.type) if resource.schema else None
    return schema.is_set if schema is not None else ordered


def _recorded(resource: LoadedResource, change: Mapping[str, Any]) -> Value:
    if resource.recorded.status is Status.NOT_APPLICABLE:
        before: Value = change["before"]  # the state is all there is, and has it in another form
        return before
    instance = resource.instance
    if instance is None or instance.attributes_json is None:
        return None
    schema = resource.schema.resource(resource.recorded.type) if resource.schema else None
    if schema is not None:
        # Values of a dynamic type travel with their type there, and without it in a plan.
        return decode_json(instance.attributes_json, schema)
    values: Value = exact_loads(instance.attributes_json)
    return values
