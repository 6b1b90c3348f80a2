"""Values that the code has made secret while the record still holds them in plain text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import secret_paths, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.compare import value_at
from reconciler.domain.model import Change, Drifted, InSync, Noise, Origin, Verdict
from reconciler.domain.paths import render_path

UNCOVERED: Final = "the code has made this secret, and the state still holds it in plain text"


def uncovered(resource: LoadedResource, verdict: Verdict, digester: SecretDigester) -> Verdict:
    """Return `verdict` with the places that are secret in code alone, their values as digests."""
    if not isinstance(verdict, InSync | Noise | Drifted):
        return verdict
    found = _changes(resource, digester)
    if not found:
        return verdict
    noise = verdict.items if isinstance(verdict, Noise) else ()
    known = verdict if isinstance(verdict, Drifted) else Drifted((), noise=noise)
    shown = {change.path for change in known.changes}
    changes = [change for change in found if change.path not in shown]
    return replace(
        known,
        changes=(*known.changes, *changes),
        reason=f"{known.reason}; {UNCOVERED}" if known.reason else UNCOVERED,
    )


def _changes(resource: LoadedResource, digester: SecretDigester) -> list[Change]:
    state, wanted = resource.state, resource.wanted
    if state is None or not wanted:
        return []
    before, after = visible(state.inputs), visible(wanted)
    covered, changes = secrets_of((state.inputs,)), []
    for path in secret_paths(wanted):
        if covered.boundary(path) is not None or value_at(before, path) is None:
            continue
        recorded = digester.digest(value_at(before, path))
        changes.append(
            Change(
                path=render_path(path),
                declared=digester.digest(value_at(after, path)),
                recorded=recorded,
                live=recorded,
                origin=Origin.UNAPPLIED,
                sensitive=True,
            )
        )
    return changes
