"""What an update changes of values that stand in the record alone: there is no remote object.

These are the outputs of a stack and the inputs of a component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iac_adapters.pulumi.checkpoint import STACK_TYPE, StateResource
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.compare import changed_paths, value_at
from reconciler.domain.model import Change, Origin
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Value

STACK_OUTPUTS: Final = "an update changes the outputs of the stack"
COMPONENT: Final = "an update changes the component; none of its objects changes with it"


def recorded_change(
    state: StateResource, planned: Planned | None
) -> tuple[RawProperties, RawProperties] | None:
    """Return the recorded and the wanted values; None where an update changes none of them."""
    if planned is None:
        return None
    if state.type == STACK_TYPE and (planned.outputs or planned.outputs_removed):
        removed = planned.outputs_removed
        kept = {name: value for name, value in state.outputs.items() if name not in removed}
        return state.outputs, {**kept, **planned.outputs}
    if not state.custom and planned.step is Step.UPDATE:
        return state.inputs, planned.inputs(state.inputs)
    return None


def recorded_changes(
    recorded: RawProperties, wanted: RawProperties, digester: SecretDigester
) -> tuple[Change, ...]:
    """Return the changes from `recorded` to `wanted`, in order; secrets as digests."""
    before, after = visible(recorded), visible(wanted)
    secrets = secrets_of((recorded, wanted)).with_words_of((before, after))
    paths = {
        secrets.without_words(secrets.boundary(path) or path)
        for path in (*changed_paths(before, after), *_stored_otherwise(recorded, wanted))
    }
    return tuple(
        _change(path, value_at(before, path), value_at(after, path), secrets, digester)
        for path in sorted(paths, key=render_path)
    )


def _stored_otherwise(recorded: RawProperties, wanted: RawProperties) -> Iterator[Steps]:
    """Yield the values that become secret, or stop being one."""
    before, after = secrets_of((recorded,)), secrets_of((wanted,))
    for name in sorted(recorded.keys() & wanted.keys()):
        if (before.boundary((name,)) is None) is not (after.boundary((name,)) is None):
            yield (name,)


def _change(
    path: Steps, recorded: Value, declared: Value, secrets: SecretPaths, digester: SecretDigester
) -> Change:
    redacted = [secrets.redacted(value, path, digester) for value in (declared, recorded)]
    sensitive = any(flag for _, flag in redacted)
    sides = [digester.digest(value) for value in (declared, recorded)] if sensitive else None
    shown, kept = sides or [value for value, _ in redacted]
    return Change(
        path=render_path(path),
        declared=shown,
        recorded=kept,
        live=kept,
        origin=Origin.UNAPPLIED,
        sensitive=sensitive,
    )
