"""The changes of a verdict: what is declared, recorded and live at a path, secrets masked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iac_adapters.pulumi.property_paths import parse_property_path, top, touches
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.sides import Aligned
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.compare import sort_key, value_at
from reconciler.domain.model import Change, Origin
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import UNKNOWN


@dataclass(frozen=True, slots=True, repr=False)
class Changes:
    """Makes them. `adopted`: something is not as was asked for, though nothing has moved since."""

    sides: Aligned
    answer: DiffAnswer
    adopted: bool
    digester: SecretDigester
    secrets: SecretPaths

    def at(self, paths: Iterable[Steps]) -> tuple[Change, ...]:
        """Return the changes at `paths`, each place once, in order."""
        return tuple(self._change(path) for path in in_order({self.place(path) for path in paths}))

    def place(self, path: Steps) -> Steps:
        """Return `path`, or what of it may be said: a secret's inside and words are not."""
        return self.secrets.without_words(self.secrets.boundary(path) or path)

    def _change(self, path: Steps) -> Change:
        sides = self.sides
        recorded = value_at(sides.recorded, path)
        if recorded is None:
            recorded = value_at(sides.recorded_inputs, path)
        declared = value_at(sides.wanted, path)
        if declared is None and not touches(path, sides.coded):
            # The provider fills in what the code leaves out: what it did, or would do now.
            declared = recorded if touches(path, sides.moved) else UNKNOWN
        values = [declared, recorded, value_at(sides.live, path)]
        redacted = [self.secrets.redacted(value, path, self.digester) for value in values]
        sensitive = any(flag for _, flag in redacted) or self._repeats_secret(path)
        if sensitive:
            values = [self.digester.digest(value) for value in values]
        return Change(
            path=render_path(path),
            declared=values[0],
            recorded=values[1],
            live=values[2],
            origin=self._origin(path),
            sensitive=sensitive,
            forces_replacement=self._replaces(path),
        )

    def _repeats_secret(self, path: Steps) -> bool:
        """Whether an unwritten property holds the very text of a secret one, however short."""
        live = value_at(self.sides.live, path)
        if not isinstance(live, str) or self.sides.is_written(top(path)):
            return False
        keys = self.sides.live if isinstance(self.sides.live, dict) else {}
        return any(keys[key] == live for key in keys if self.secrets.boundary((key,)))

    def _origin(self, path: Steps) -> Origin:
        moved = touches(path, self.sides.moved)
        if touches(path, self.sides.coded):
            return Origin.BOTH if moved else Origin.UNAPPLIED
        if moved or self.adopted:
            return Origin.OUT_OF_BAND
        return Origin.UNAPPLIED  # what the provider itself is told has changed

    def _replaces(self, path: Steps) -> bool:
        forcing = {
            parse_property_path(path) for path, forces in self.answer.paths.items() if forces
        }
        forcing |= {parse_property_path(name) for name in self.answer.replacing}
        return touches(path, forcing)


def in_order(paths: Iterable[Steps]) -> list[Steps]:
    """Return `paths` as a reader expects them: by name, and by number where they are numbers."""
    return sorted(paths, key=sort_key)
