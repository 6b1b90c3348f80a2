"""`[[ignore]]` of `trueup.toml`: drift that is kept, and raises no alarm."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.checked_values import Name
from reconciler.domain.model import Kind
from reconciler.field_rules import Section
from reconciler.settings_values import FileTime
from reconciler.wire.rules import Glob, KindWord, Sentence, Word

if TYPE_CHECKING:
    from reconciler.domain.ignoring import IgnoreRule


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreMatch(Section):
    """Which findings a rule is about; every key given must hold."""

    stack: Glob | None = None
    type: Glob | None = None
    address: Glob | None = None
    path: Glob | None = None
    kind: KindWord | None = None
    value: Glob | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that names nothing: it would silence all drift."""
        if not any(asdict(self).values()):
            message = 'name what it ignores, such as `path = "tags.*"`; all drift would be silent'
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreSettings(Section):
    """One `[[ignore]]`; a rule without a key in `match` would ignore everything."""

    name: Name
    reason: Sentence
    match: IgnoreMatch
    owner: Word | None = None
    expires_at: FileTime | None = None
    covers: tuple[Literal["missing", "critical"], ...] = ()

    def rule(self) -> IgnoreRule:
        """Return the same as the engine takes it."""
        # It is judged by after the first read, and with it come the records of findings.
        from reconciler.domain.ignoring import IgnoreRule  # noqa: PLC0415

        match = asdict(self.match)
        kind = match.pop("kind")
        return IgnoreRule(
            name=self.name,
            reason=self.reason,
            owner=self.owner,
            expires_at=self.expires_at,
            kind=Kind(kind) if kind else None,
            covers=frozenset(self.covers),
            **match,
        )
