"""What one plan of the tool left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.refused import Refused
from reconciler.domain.paths import Steps


@dataclass(slots=True)
class Recorded:
    """What a plan left behind: captures, the plan's words, and warm providers by capture.

    `secrets` are the secret places of what would be changed, by address; `outputs` are the root
    module's outputs that would be; `built_in` is what the plan tells of those of its changes that
    pass no plugin. `conditions` say what stopped the plan, as warnings, `unread` by address why
    a data source could not be read, `outputs_told` the outputs that the plan has come to;
    `checks` are the assertions that failed and stop nothing; `refused` is what validation refused.
    `awaited` are those that answered in it as at the last apply, each with what it waits for.
    """

    captures: list[ConnectionCapture]
    planned: tuple[PlannedChange, ...]
    warm: dict[int, Provider]
    secrets: Mapping[str, tuple[Steps, ...]] = field(default_factory=dict, repr=False)
    outputs: tuple[PlannedOutput, ...] = field(default=(), repr=False)
    built_in: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    conditions: tuple[str, ...] = field(default=(), repr=False)
    unread: Mapping[str, str] = field(default_factory=dict, repr=False)
    outputs_told: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = field(default=(), repr=False)
    awaited: Mapping[str, frozenset[str]] = field(default_factory=dict)
