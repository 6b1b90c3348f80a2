"""What the provider's own plan says of a live object: drift, or noise and why.

Planned differs from live: an apply would change it, that is drift. Live differs from
recorded and nothing would be done about it: noise, kept with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import ResourceSchema
from reconciler.domain.compare import (
    align,
    aligned_paths,
    maps_of_other_keys,
    overlap,
    same,
    sort_key,
    starts_with,
    value_at,
)
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Noise,
    NoiseItem,
    Origin,
    Verdict,
)
from reconciler.domain.noise import COMPUTED, NULL_OR_EMPTY, STALE, UNCHANGED
from reconciler.domain.origin import contains_unknown, is_empty, origin_of
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Attributes, Unknown, Value

IGNORED: Final = "lifecycle.ignore_changes"
TAINTED: Final = "tainted: the next apply replaces it"


def judge(  # noqa: PLR0913 - the sides of one comparison, all by name
    schema: ResourceSchema,
    *,
    planned: Attributes,
    live: Attributes,
    recorded: Attributes,
    config: Attributes,
    ignored: IgnoreRules,
    requires_replace: tuple[Steps, ...],
    digester: SecretDigester,
    sensitive_paths: tuple[Steps, ...],
    applied: bool = False,
) -> Verdict:
    """Return what `planned`, the provider's answer for `live` and `config`, means.

    `config` is the one that was planned, with unknowns where something else must be applied
    first; `applied` says that it asks for no change of the recorded state.
    No secret is in the verdict: not in values, paths or reasons.
    """
    # Of an element of a set the index is the recorded one: what somebody adds moves no other.
    sides = (recorded, live, planned, config)
    secrets = secrets_of(schema, sensitive_paths).with_words_of(sides)
    aligned = align(sides, schema.is_set)
    case = _Case(
        schema=schema,
        recorded=aligned[0],
        live=aligned[1],
        planned=aligned[2],
        config=aligned[3],
        ignored=ignored,
        replacing=requires_replace,
        applied=applied,
        digester=digester,
        secrets=secrets,
    )
    drift = aligned_paths(case.live, case.planned, schema.is_set)
    if all(case.is_consequence(path) for path in drift):
        # Core compares to the letter: a key of a map that is null is one that the apply writes.
        drift = (*drift, *maps_of_other_keys(case.live, case.planned))
    noise = case.noise(drift)
    if drift:
        return case.drifted(drift, noise)
    return Noise(noise) if noise else InSync()


@dataclass(frozen=True, slots=True, repr=False)
class _Case:
    """The four sides of one resource, sets aligned, and what else counts."""

    schema: ResourceSchema
    live: Value
    planned: Value
    recorded: Value
    config: Value
    ignored: IgnoreRules
    replacing: tuple[Steps, ...]
    applied: bool
    digester: SecretDigester
    secrets: SecretPaths

    def drifted(self, paths: tuple[Steps, ...], noise: tuple[NoiseItem, ...]) -> Drifted:
        """Tell causes from consequences. Somebody is always the cause."""
        causes = [path for path in paths if not self.is_consequence(path)]
        moved = [path for path in paths if path not in causes and self._was_moved(path)]
        # Somebody moved these as well, unless the provider only repeats there what a cause says.
        causes += [path for path in moved if not self._repeats(path, causes)]
        if any(not self._null_or_empty(path) for path in causes):
            # Legacy providers write "" for null all over a plan that has anything to do.
            spurious = [path for path in causes if self._null_or_empty(path)]
            causes = [path for path in causes if path not in spurious]
            noise = _joined(noise, self._items(spurious, NULL_OR_EMPTY))
            paths = tuple(path for path in paths if path not in spurious)
        if not causes:
            known = [path for path in paths if not contains_unknown(value_at(self.planned, path))]
            causes = known or list(paths)
        consequences = [path for path in paths if path not in causes]
        changes = self._changes(causes)
        followers = self._changes(consequences)
        shown = {change.path for change in changes}
        return Drifted(
            changes=changes,
            consequences=tuple(c for c in followers if c.path not in shown),
            noise=noise,
            requires_replace=any(c.forces_replacement for c in (*changes, *followers)),
        )

    def noise(self, drift: tuple[Steps, ...]) -> tuple[NoiseItem, ...]:
        """Return why each difference to the recorded state is none."""
        drifting = set(drift)
        moved = [
            path
            for path in aligned_paths(self.live, self.recorded, self.schema.is_set)
            if not _within_or_around(path, drifting, drift) and not self._indistinct(path)
        ]
        reasons = [item for path in moved for item in self._items([path], self._reason(path))]
        return _joined(reasons, ())

    def _reason(self, path: Steps) -> str:
        live = value_at(self.live, path)
        if self.ignored.all or any(overlap(path, rule) for rule in self.ignored.paths):
            return IGNORED
        configured = value_at(self.config, path)
        if configured is not None and self._same(configured, live, path):
            return STALE
        return COMPUTED if self._is_computed(path) else UNCHANGED

    def is_consequence(self, path: Steps) -> bool:
        """Whether the provider plans it along with something else."""
        if self._is_pending(path):
            return False
        if contains_unknown(value_at(self.planned, path)) or self._is_computed(path):
            return True
        # Neither code nor world moved here: the provider plans it along with the cause.
        return self.applied and self._is_as_recorded(path)

    def _is_pending(self, path: Steps) -> bool:
        """Whether the code itself gives a value that something else must be applied for first."""
        return contains_unknown(value_at(self.config, path)) or any(
            isinstance(value_at(self.config, path[:depth]), Unknown) for depth in range(len(path))
        )

    def _was_moved(self, path: Steps) -> bool:
        """Whether the world moved where an apply would write a value that is known."""
        if contains_unknown(value_at(self.planned, path)) or self._is_as_recorded(path):
            return False
        found = list(self.schema.attributes_along(path))
        return bool(found) and found[-1][1].optional

    def _repeats(self, path: Steps, causes: list[Steps]) -> bool:
        """Whether the same happens at the same place of another attribute: `tags_all` of `tags`."""
        names = self.live.keys() if isinstance(self.live, dict) else ()
        return any(
            self._same_at(path, (name, *path[1:]))
            for name in names
            if name != path[0] and any(overlap((name, *path[1:]), cause) for cause in causes)
        )

    def _same_at(self, path: Steps, other: Steps) -> bool:
        return all(
            self._same(value_at(side, path), value_at(side, other), path)
            for side in (self.live, self.planned)
        )

    def _is_as_recorded(self, path: Steps) -> bool:
        return self._same(value_at(self.live, path), value_at(self.recorded, path), path)

    def _is_computed(self, path: Steps) -> bool:
        """Whether the provider chooses here, and nobody has said otherwise."""
        found = None
        for found in self.schema.attributes_along(path):  # noqa: B007 - the last one counts
            pass
        if found is None:
            return False
        depth, attribute = found
        return attribute.computed and value_at(self.config, path[:depth]) is None

    def _indistinct(self, path: Steps) -> bool:
        """Whether no reader can tell what is there from what was recorded: null, and empty."""
        return is_empty(value_at(self.live, path)) and is_empty(value_at(self.recorded, path))

    def _null_or_empty(self, path: Steps) -> bool:
        return is_empty(value_at(self.live, path)) and is_empty(value_at(self.planned, path))

    def _same(self, left: Value, right: Value, path: Steps) -> bool:
        if is_empty(left) and is_empty(right):
            return True
        return same(left, right, lambda steps: self.schema.is_set(path + steps))

    def _changes(self, paths: list[Steps]) -> tuple[Change, ...]:
        return tuple(self._change(path) for path in self._shown(paths))

    def _shown(self, paths: list[Steps]) -> list[Steps]:
        """Return the places to name: a secret map as a whole, not key by key."""
        return sorted({self._place(path) for path in paths}, key=sort_key)

    def _place(self, path: Steps) -> Steps:
        place = self.secrets.boundary(path) or path
        return self.secrets.without_words(place)

    def _change(self, path: Steps) -> Change:
        sides = [value_at(side, path) for side in (self.planned, self.recorded, self.live)]
        redacted = [self.secrets.redacted(side, path, self.digester) for side in sides]
        return Change(
            path=render_path(path),
            declared=redacted[0][0],
            recorded=redacted[1][0],
            live=redacted[2][0],
            origin=self._origin(path),
            sensitive=self.secrets.boundary(path) is not None or any(s for _, s in redacted),
            forces_replacement=any(overlap(path, replacing) for replacing in self.replacing),
        )

    def _origin(self, path: Steps) -> Origin:
        if self._is_pending(path):
            return Origin.UNAPPLIED if self._is_as_recorded(path) else Origin.BOTH
        return origin_of(
            *(value_at(side, path) for side in (self.planned, self.recorded, self.live)),
            applied=self.applied,
            is_set=lambda steps: self.schema.is_set(path + steps),
        )

    def _items(self, paths: list[Steps], reason: str) -> tuple[NoiseItem, ...]:
        return tuple(self._item(path, reason) for path in self._shown(paths))

    def _item(self, path: Steps, reason: str) -> NoiseItem:
        recorded, live = (
            self.secrets.redacted(value_at(side, path), path, self.digester)[0]
            for side in (self.recorded, self.live)
        )
        return NoiseItem(render_path(path), reason, recorded, live)


def _joined(items: Iterable[NoiseItem], more: Iterable[NoiseItem]) -> tuple[NoiseItem, ...]:
    """Return both, the first word on each path being the last."""
    by_path: dict[str, NoiseItem] = {}
    for item in (*items, *more):
        by_path.setdefault(item.path, item)
    return tuple(by_path.values())


def _within_or_around(path: Steps, drifting: set[Steps], drift: tuple[Steps, ...]) -> bool:
    if any(path[:depth] in drifting for depth in range(len(path) + 1)):
        return True
    return any(starts_with(other, path) for other in drift)
