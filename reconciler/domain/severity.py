"""How much a deviation matters: a table of rules, and the figure it leads to.

The shipped table is `severity_catalogue.CATALOGUE`; a user's own rules come before
it. Types and paths are compared in one spelling, so a rule written for Terraform's
`aws_security_group` also meets Pulumi's `aws:ec2/securityGroup:SecurityGroup`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from reconciler.domain.model import Change, Kind, Origin, Severity
from reconciler.domain.paths import AttributePath, step_after
from reconciler.domain.severity_conditions import Condition, holds
from reconciler.domain.spelling import any_glob, canonical_type, spellings
from reconciler.domain.values import Unknown, Value


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """One line of the table; an empty tuple matches everything.

    `types` and `paths` are globs (`*` any run of characters, `?` one). A path also
    covers what lies below it, and indices may be left out: `ingress.cidr_blocks`
    covers `ingress[0].cidr_blocks[1]`. `reason` is the sentence a person reads.
    """

    severity: Severity
    reason: str
    types: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    when: Condition = Condition.ALWAYS

    @property
    def is_danger(self) -> bool:
        """Whether it says of the values that something is open which was not meant to be."""
        return self.when is not Condition.ALWAYS and self.severity >= Severity.HIGH


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A user's rules, then the shipped ones; in each the first that matches decides."""

    overrides: tuple[SeverityRule, ...]
    catalogue: tuple[SeverityRule, ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """What is to be rated: one finding before it has a severity."""

    type: str
    kind: Kind
    origin: Origin | None = None
    changes: tuple[Change, ...] = ()
    requires_replace: bool = False
    readdressed: bool = False
    """An apply would only keep it under another address."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A severity, and the reason of the rule that led to it."""

    severity: Severity
    reason: str


def override_rule(
    severity: str,
    *,
    type: str | None = None,  # noqa: A002 - the word of trueup.toml
    path: str | None = None,
    kind: str | None = None,
    reason: str | None = None,
) -> SeverityRule:
    """Return the rule that one `[[severity]]` of `trueup.toml` states.

    Raises:
        KeyError: `severity` is no severity.
        ValueError: `kind` is no kind.
    """
    return SeverityRule(
        severity=Severity[severity.upper()],
        reason=reason or "trueup.toml says so",
        types=(type,) if type else (),
        paths=(path,) if path else (),
        kinds=(Kind(kind),) if kind else (),
    )


_NUMBER: Final = re.compile(r"\[\d+\]")
READDRESSED: Final = "only its address changes, and nothing in the world; not applied yet"
NOT_CREATED: Final = "a resource is not created yet"
DEFAULT_REASON: Final = "no severity rule matches"


def rate(deviation: Deviation, rulebook: Rulebook) -> Rating:
    """Return the highest rating among the deviation's changes, and among what they bring in.

    A shipped figure is raised one step where the change replaces the resource, and
    lowered one step where it is only unapplied code; a danger that is live already
    (see `SeverityRule.is_danger`) is never lowered, and a user's own figure is left alone.
    """
    kind = canonical_type(deviation.type)
    if not deviation.changes:
        return _rate_whole(deviation, kind, rulebook)
    flagged = any(change.forces_replacement for change in deviation.changes)
    ratings = []
    for change in deviation.changes:
        replaces = change.forces_replacement or (deviation.requires_replace and not flagged)
        ratings.append(_rate_change(deviation, kind, change, replaces=replaces, rulebook=rulebook))
    return max(ratings, key=lambda rating: rating.severity)


def _rate_whole(deviation: Deviation, kind: str, rulebook: Rulebook) -> Rating:
    override = _first(rulebook.overrides, deviation, kind, None)
    if override is not None:
        return Rating(override.severity, override.reason)
    if deviation.readdressed:
        return Rating(Severity.LOW, READDRESSED)
    rule = _first(rulebook.catalogue, deviation, kind, None)
    # What no code declares any more would be deleted by the very next apply.
    waits = deviation.origin is Origin.UNAPPLIED and deviation.kind is not Kind.UNMANAGED
    steps = int(deviation.requires_replace) - int(waits)
    rating = _stepped(rule, steps)
    # Nothing is gone that never was.
    is_new = waits and deviation.kind is Kind.MISSING
    return replace(rating, reason=NOT_CREATED) if is_new else rating


def _rate_change(
    deviation: Deviation, kind: str, change: Change, *, replaces: bool, rulebook: Rulebook
) -> Rating:
    override = _first(rulebook.overrides, deviation, kind, change)
    if override is not None:
        return Rating(override.severity, override.reason)
    rule = _first(rulebook.catalogue, deviation, kind, change)
    danger_is_live = rule is not None and rule.is_danger
    only_code = change.origin is Origin.UNAPPLIED and not danger_is_live
    own = _stepped(rule, int(replaces) - int(only_code))
    within = [_stepped(rule, int(replaces)) for rule in _dangers(deviation, kind, change, rulebook)]
    return max((own, *within), key=lambda rating: rating.severity)


def _dangers(
    deviation: Deviation, kind: str, change: Change, rulebook: Rulebook
) -> Iterator[SeverityRule]:
    """Yield the rule of each attribute inside a change that is a danger by itself."""
    fitting: dict[str, list[SeverityRule]] = {}
    for part in _parts(change):
        if rulebook.overrides and _first(rulebook.overrides, deviation, kind, part) is not None:
            continue
        # The shipped rules name no index, and an object may hold thousands of elements.
        place = _NUMBER.sub("", part.path)
        if place not in fitting:
            fitting[place] = list(_fitting(rulebook.catalogue, deviation, kind, part))
        rule = next((rule for rule in fitting[place] if _holds(rule, part)), None)
        if rule is not None and rule.is_danger:
            yield rule


def _parts(change: Change) -> Iterator[Change]:
    """Yield each attribute inside an object that was added or changed as a whole.

    What a removed object held is not there to be a danger.
    """
    if change.live is None or not isinstance(change.live, dict | list):
        return
    wanted = _wanted(change)
    for path, before, live in _leaves(change.path, wanted, change.live):
        if path != change.path:
            yield replace(change, path=path, declared=before, recorded=before, live=live)


def _leaves(
    path: AttributePath, wanted: Value, live: Value
) -> Iterator[tuple[AttributePath, Value, Value]]:
    if isinstance(live, dict):
        for key, value in live.items():
            before = wanted.get(key) if isinstance(wanted, dict) else None
            yield from _leaves(step_after(path, key), before, value)
    elif isinstance(live, list) and any(isinstance(item, dict) for item in live):
        known = wanted if isinstance(wanted, list) else []
        aligned = len(known) == len(live)
        for index, item in enumerate(live):
            if item not in known:
                before = known[index] if aligned else None
                yield from _leaves(step_after(path, index), before, item)
    elif live != wanted:
        yield path, wanted, live


def _wanted(change: Change) -> Value:
    # Where the code says nothing, it was right as it was.
    unsaid = isinstance(change.declared, Unknown) or change.origin is Origin.UNDECLARED
    return change.recorded if unsaid else change.declared


def _stepped(rule: SeverityRule | None, steps: int) -> Rating:
    base = rule.severity if rule else Severity.MEDIUM
    reason = rule.reason if rule else DEFAULT_REASON
    if steps > 0:
        reason = f"{reason}; correcting it replaces the resource"
    if steps < 0:
        reason = f"{reason}; not applied yet"
    return Rating(Severity(min(max(base + steps, Severity.LOW), Severity.CRITICAL)), reason)


def _first(
    rules: Iterable[SeverityRule], deviation: Deviation, kind: str, change: Change | None
) -> SeverityRule | None:
    fitting = _fitting(rules, deviation, kind, change)
    return next((rule for rule in fitting if _holds(rule, change)), None)


def _fitting(
    rules: Iterable[SeverityRule], deviation: Deviation, kind: str, change: Change | None
) -> Iterator[SeverityRule]:
    """Yield the rules for the place, whatever its values are."""
    types = (deviation.type.lower(), kind)
    paths = spellings(change.path) if change else ("",)
    for rule in rules:
        if rule.kinds and deviation.kind not in rule.kinds:
            continue
        if rule.types and not any_glob(rule.types, types):
            continue
        if not rule.paths or any_glob(rule.paths, paths):
            yield rule


def _holds(rule: SeverityRule, change: Change | None) -> bool:
    if rule.when is Condition.ALWAYS:
        return True
    return change is not None and holds(rule.when, _wanted(change), change.live)
