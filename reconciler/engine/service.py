"""What every pass and every decision is made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from reconciler.domain.records import StackRecord
from reconciler.domain.report import Judging
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.table import GUARDS
from reconciler.ports import ApplyLocks, Clock, IacAdapter, RunLogs, Runner, StackReference
from reconciler.stores import Store

CONFIRM_AFTER: Final = timedelta(seconds=30)
APPROVAL_TIME: Final = timedelta(hours=24)
ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Service:
    """The daemon's insides, handed to each step by whoever runs it.

    `runs` is a private folder with one folder per run. `reference_of` reads a stack's
    environment file each time, so credentials are never kept. Drift that is to be corrected
    without a person must still be there `confirm_after` its first sight. What the API
    registers lies below `roots`. Each of `guards` may keep a correction from going on.
    """

    store: Store
    clock: Clock
    runner: Runner
    apply_locks: ApplyLocks
    adapter_of: Callable[[StackRecord], IacAdapter]
    reference_of: Callable[[StackRecord], StackReference]
    judging: Judging
    runs: Path
    logs: RunLogs
    roots: tuple[Path, ...] = ()
    confirm_after: timedelta = CONFIRM_AFTER
    approval_time: timedelta = APPROVAL_TIME
    attempts: int = ATTEMPTS
    guards: tuple[Guard, ...] = GUARDS
