"""`[[guardrail]]` of `trueup.toml`: limits of what is corrected, for some stacks and policies."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Annotated, Any, Final

from reconciler.domain.guardrails import GuardrailRule, Mode
from reconciler.field_rules import Checked, Section
from reconciler.settings_values import Span
from reconciler.settings_windows import WindowText
from reconciler.wire.rules import between

_SELECTORS: Final = ("stack", "policy")


def _some_time(span: timedelta, _reading: Any) -> timedelta:
    if not span:
        message = "a quarantine needs some time: write 30m or 4h"
        raise ValueError(message)
    return span


Count = Annotated[int, between(0, 100_000)]
Persons = Annotated[int, between(1, 20)]
Percent = Annotated[int, between(0, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailSettings(Section):
    """One `[[guardrail]]`; a key that is not given is left to the rules after it."""

    stack: str | None = None
    """A glob over the names of stacks; every stack without it."""
    policy: str | None = None
    """A glob over the names of policies; every correction without it."""
    mode: Mode | None = None
    """`observe`, `approve` or `auto`: how much `auto_correct` is worth here."""
    protected_types: tuple[str, ...] | None = None
    """Globs over types that are never changed without approval; instead of the shipped list."""
    max_resources: Count | None = None
    """The most resources that a plan may change without approval."""
    max_percent: Percent | None = None
    """The same, in percent of the stack."""
    bake: Span | None = None
    """How long a policy waits after its first stacks before it goes on to more; `0s` never."""
    attempts: Annotated[int, between(1, 100)] | None = None
    """Runs within an hour that do not help, after which a drift is excepted."""
    exception: Span | None = None
    """For how long it is excepted then."""
    failures: Annotated[int, between(1, 100)] | None = None
    """Failed corrections in a row, after which a stack pauses."""
    pause: Span | None = None
    """For how long it pauses then."""
    total_failures: Annotated[int, between(1, 1000)] | None = None
    """Failed corrections in whatever stacks within ten minutes that set the breaker."""
    failed_percent: Percent | None = None
    """Share of the day's corrections (of ten or more) whose failure sets the breaker."""
    stack_per_day: Count | None = None
    """Corrections of a stack without approval per day (UTC)."""
    total_per_day: Count | None = None
    """The same of all stacks together."""
    fights: Count | None = None
    """Corrections of one resource within a day, after which it is a fight; 0 never."""
    flaps: Count | None = None
    """Times that a resource healed by itself within a day, after which it flaps; 0 never."""
    fleet_percent: Percent | None = None
    """Share of stacks with new drift within an hour above which nothing is corrected unasked."""
    managed_by: str | None = None
    """Another system whose stacks these are: trueup only observes them."""
    approvals: Persons | None = None
    """How many persons approve a plan."""
    approvals_to_delete: Persons | None = None
    """How many approve one that deletes or replaces."""
    own_approval: bool | None = None
    """Whether who asked for a correction may approve its plan."""
    quarantine_time: Annotated[Span, Checked(_some_time)] | None = None
    """How long a resource stays in quarantine before it is released by itself."""
    quarantines: Count | None = None
    """How many quarantines of one policy, or of none, there may be at a time."""
    windows: tuple[WindowText, ...] | None = None
    """Spans of the calendar outside of which no correction begins."""
    freezes: tuple[WindowText, ...] | None = None
    """Spans of the calendar within which no correction begins."""

    def rule(self) -> GuardrailRule:
        """Return the same as the engine takes it."""
        limits: dict[str, Any] = {
            field.name: value
            for field in fields(self)
            if field.name not in _SELECTORS and (value := getattr(self, field.name)) is not None
        }
        return GuardrailRule(self.stack, self.policy, limits)
