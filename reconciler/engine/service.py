"""What every scan and every decision is made with."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.domain.guardrails import GuardrailRule, Guardrails, guardrails_for
from reconciler.domain.ignoring import IgnoreRule
from reconciler.domain.model import StackName
from reconciler.domain.records import StackRecord
from reconciler.domain.report import Judging
from reconciler.domain.slack_buttons import SlackButtons
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.table import GUARDS
from reconciler.ports import (
    ApplyLocks,
    Clock,
    IacAdapter,
    Notifier,
    RunLogs,
    Runner,
    Scripts,
    StackReference,
)
from reconciler.stores import Store

CONFIRM_AFTER: Final = timedelta(seconds=30)
APPROVAL_TIME: Final = timedelta(hours=24)
ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts are shown, and which of them."""

    subscription: Subscription
    notifier: Notifier
    buttons: SlackButtons | None = None


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the settings may change while the daemon runs; read anew by each step."""

    judging: Judging
    roots: tuple[Path, ...] = ()
    confirm_after: timedelta = CONFIRM_AFTER
    approval_time: timedelta = APPROVAL_TIME
    guardrails: tuple[GuardrailRule, ...] = ()
    ignores: tuple[IgnoreRule, ...] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    scripts: Scripts | None = None


@dataclass(slots=True, eq=False)
class Service:
    """The daemon's insides, handed to each step by whoever runs it.

    `runs` is a private folder with one folder per run. `reference_of` reads a stack's
    environment file each time, so credentials are never kept. Drift that is to be corrected
    without a person must still be there `confirm_after` its first sight. What the API
    registers lies below `roots`. Each of `guards` may keep a correction from going on,
    within the limits of `guardrails`.
    `ignores` are the rules by which drift raises no alarm. Who
    plans a stack holds its lock of `planning`, and a pause of a channel is noted in
    `channels_quiet_until`. Nothing else of it changes but by `tune`.
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
    guardrails: tuple[GuardrailRule, ...] = ()
    ignores: tuple[IgnoreRule, ...] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    scripts: Scripts | None = None
    """Those that policies may name; None where scripts are off."""
    started_at: datetime | None = None
    """When the daemon began; None where none runs."""
    looked_at: datetime | None = None
    """When alerts were last looked at: a clock that is set back is known by it."""
    channels_quiet_until: dict[str, datetime] = field(default_factory=dict)
    """Until when channels that failed or asked to wait are left alone; a reload ends it."""
    sending: set[asyncio.Task[Any]] = field(default_factory=set)
    """Messages that are being sent: a stop waits for them (`engine.sending`)."""
    alerting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who makes alerts of news and shows them, and while channels take other names."""
    delivering: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """By channel, the work that is not known to be done."""
    planning: defaultdict[StackName, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def limits_of(self, stack: StackName, *, policy: str | None = None) -> Guardrails:
        """Return the limits of what `policy` corrects in `stack`; of what a person does without."""
        return guardrails_for(self.guardrails, stack=stack, policy=policy)

    def tune(self, tuning: Tuning) -> None:
        """Let every step that begins from now on read `tuning`."""
        self.judging = tuning.judging
        self.roots = tuning.roots
        self.confirm_after = tuning.confirm_after
        self.approval_time = tuning.approval_time
        self.guardrails = tuning.guardrails
        self.ignores = tuning.ignores
        self.channels = tuning.channels
        self.scripts = tuning.scripts
