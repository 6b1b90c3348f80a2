"""The command that moves a remediation on, by the state it is in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from reconciler.domain.remediation_states import RemediationState

_S = RemediationState
COMMANDS: Final[Mapping[RemediationState, tuple[str, ...]]] = MappingProxyType(
    {
        _S.AWAITING_APPROVAL: ("trueup approve {id}",),
        _S.APPLYING: ("trueup log {run} -f",),
        _S.HELD: ("trueup cancel {id} && trueup remediate {finding}",),
        _S.UNKNOWN: ("trueup log {run}", "trueup stack scan {stack}"),
        _S.NEEDS_HUMAN: (
            "trueup log {run}",
            "trueup retry {id} --reason R",
            "trueup suppress {id} --reason R",
        ),
        _S.FAILED: ("trueup remediate {finding}",),
        _S.SUPPRESSED: ("trueup unsuppress {finding}",),
    }
)
"""What to type next, in that order; a state without any waits for nobody."""


_HOLD_EVERYBODY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "kill_switch": ("trueup status",),
        "quarantine": ("trueup quarantines",),
        "script": ("trueup cancel {id}",),
        "stack_busy": ("trueup remediations",),
        "stack_health": ("trueup stack scan {stack}",),
        "window": ("trueup cancel {id}",),
    }
)
"""By the guard, what to type of a hold that holds what a person asks for just as well."""


def holds_everybody(guard: str | None) -> bool:
    """Whether `guard` holds a correction whoever asked for it: a person's is held too."""
    return guard in _HOLD_EVERYBODY


def next_commands(
    state: RemediationState,
    *,
    remediation_id: str,
    run_id: str,
    finding_id: str,
    stack: str,
    guard: str | None = None,
) -> tuple[str, ...]:
    """Return what to type next, whole; without a run no command names one."""
    names = {"id": remediation_id, "run": run_id, "finding": finding_id, "stack": stack}
    commands = COMMANDS.get(state, ())
    if state is RemediationState.HELD:
        commands = _HOLD_EVERYBODY.get(guard or "", commands)
    return tuple(
        command.format(**names) for command in commands if run_id or "{run}" not in command
    )
