"""The verdict on an output of the root module that the code would change. Pure."""

from __future__ import annotations

from typing import Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.recorder.planned_outputs import UNTOLD, PlannedOutput
from reconciler.domain.model import (
    Change,
    Drifted,
    Origin,
    ResourceAddress,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Value

OUTPUT: Final = "output"
STOPPED: Final = (
    "a condition of the code fails, so that no plan says what becomes of it: see the warning"
)
_VALUE: Final = AttributePath("value")


def output_address(name: str) -> ResourceAddress:
    """Return how terraform's own messages name the output."""
    return ResourceAddress(f"{OUTPUT}.{name}")


def output_verdict(output: PlannedOutput, *, digester: SecretDigester) -> Verdict:
    """Return the change that nobody applied; a sensitive value is in it as a digest."""
    if output.action == UNTOLD:
        return Unreadable(STOPPED)
    declared, recorded = (_shown(side, output, digester) for side in (output.after, output.before))
    change = Change(
        path=_VALUE,
        declared=declared,
        recorded=recorded,
        live=recorded,
        origin=Origin.UNAPPLIED,
        sensitive=output.sensitive,
    )
    return Drifted((change,))


def _shown(value: Value, output: PlannedOutput, digester: SecretDigester) -> Value:
    return digester.digest(value) if output.sensitive else value
