"""What the provider's comparison of a live object with the wanted inputs means.

The provider says whether an update would do anything, and which properties it is about. Which
paths of those moved, and who moved them, is seen from the values: the last update's, the live
ones, and those the program asks for.

Source: RefreshStep in pkg/resource/deploy/step.go of pulumi/pulumi 3.259, whose inverted diff
this is before the inversion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from iac_adapters.pulumi.along import is_along
from iac_adapters.pulumi.changes import Changes, in_order
from iac_adapters.pulumi.property_paths import covered, parse_property_path, top, touches
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.reset_inputs import differs_in_ignored_alone
from iac_adapters.pulumi.rotated_lists import is_bridged
from iac_adapters.pulumi.sides import Aligned, Sides, aligned
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.compare import same, value_at
from reconciler.domain.model import Drifted, InSync, Noise, NoiseItem, Verdict
from reconciler.domain.noise import STALE, UNCHANGED
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import Steps, render_path

IGNORED: Final = "ignoreChanges: ignored, yet drifted"
UNTOLD: Final = "an update would change it, and its provider does not say what"
POSSIBLE: Final = "possible: its provider has no diff(), so the values were compared"

# What a provider derives from another property and repeats.
_ECHOES: Final = {
    "tagsAll": "tags",
    "effectiveLabels": "labels",
    "pulumiLabels": "labels",
    "terraformLabels": "labels",
}


def judge(
    sides: Sides,
    answer: DiffAnswer,
    *,
    ignored: Sequence[str] = (),
    acting: bool = False,
    digester: SecretDigester,
) -> Verdict:
    """Return what `answer`, the provider's word on live against wanted, means.

    `acting` says that the engine would update the resource whatever the provider answers: then
    what the code changed is shown. No secret is in the verdict: not in values, paths or reasons.
    """
    # Where the provider does not compare, the engine updates what the code changes by itself.
    acts = answer.verdict is Said.DIFFERENT or (acting and answer.verdict is Said.UNKNOWN)
    parsed = map(parse_property_path, ignored)
    paths = tuple(path for path in parsed if not (acts and sides.repeats(top(path))))
    values = sides.values(ignored=paths)
    case = _Case(
        sides=aligned(
            values,
            answer,
            bridged=is_bridged(sides.recorded),
            acting=acting,
            ignored=paths,
        ),
        answer=answer,
        ignored=paths,
        acting=acting,
    )
    raw = (sides.recorded, sides.live, sides.wanted, sides.recorded_inputs)
    secrets = secrets_of(raw, sides.secret_outputs)
    changes = Changes(
        sides=case.sides,
        answer=answer,
        adopted=case.adopted,
        digester=digester,
        secrets=secrets.with_words_of(values),
    )
    return case.verdict(changes)


@dataclass(frozen=True, slots=True, repr=False)
class _Case:
    """One resource: its sides, its provider's word, and the paths that no update touches."""

    sides: Aligned
    answer: DiffAnswer
    ignored: tuple[Steps, ...]
    acting: bool = False

    def verdict(self, changes: Changes) -> Verdict:
        keys = self._keys()
        found = [path for key in keys for path in self._paths(key)]
        # What follows alone from what is ignored, or already there, is as little to act on.
        counts = any(
            path in found and not self._is_ignored(path)
            for path in self._causes([*found, *self._settled()])
        )
        paths = [path for path in found if counts and not self._is_ignored(path)]
        if not paths and self.answer.verdict is Said.DIFFERENT:
            # It was asked for what it had read there, and differs still: an element went, or came.
            paths = found
        along = [path for path in self.sides.moved if self._is_along(path, paths)]
        noise = self._noise([*paths, *along], changes)
        if not found and self.answer.verdict is Said.DIFFERENT:
            replaces = bool(self.answer.replacing)
            return Drifted((), noise=noise, requires_replace=replaces, reason=UNTOLD)
        if not paths:
            return Noise(noise) if noise else InSync()
        causes = self._causes(paths)
        caused = changes.at(causes)
        followers = changes.at([*(path for path in paths if path not in causes), *along])
        shown = {change.path for change in caused}
        return Drifted(
            changes=caused,
            consequences=tuple(follower for follower in followers if follower.path not in shown),
            noise=noise,
            requires_replace=bool(self.answer.replacing) or any(self.answer.paths.values()),
            reason=POSSIBLE if self.answer.verdict is Said.UNKNOWN else None,
        )

    def _keys(self) -> tuple[str, ...]:
        """Return the properties an update would be about, as far as the provider tells."""
        if self.answer.verdict is Said.SAME:
            return tuple(dict.fromkeys(map(top, self.sides.coded))) if self.acting else ()
        if reasons := self._told():
            return tuple(dict.fromkeys(top(parse_property_path(path)) for path in reasons))
        seen = (*self.sides.moved, *self.sides.coded, *self.sides.unmet())
        return tuple(dict.fromkeys(top(path) for path in seen))

    def _told(self) -> list[str]:
        if self.answer.verdict is not Said.DIFFERENT:
            return []
        return [*self.answer.properties, *self.answer.paths]

    def _settled(self) -> list[Steps]:
        """Return what moved to where the program wants it, when nobody else compares."""
        if self.answer.verdict is not Said.UNKNOWN:
            return []
        return [path for path in self.sides.moved if self.sides.met(path)]

    def _paths(self, key: str) -> list[Steps]:
        found = [path for path in (*self.sides.moved, *self.sides.coded) if top(path) == key]
        found = [path for path in dict.fromkeys(found) if not self.sides.met(path)]
        # What a refresh by somebody else has adopted moved neither here nor there.
        found = found or [path for path in self.sides.unmet() if top(path) == key]
        return found or ([(key,)] if self._told() else [])

    def _causes(self, paths: list[Steps]) -> list[Steps]:
        """Tell what somebody changed from what the provider derives from it. Somebody did."""
        causes = [path for path in paths if not self._is_derived(path, paths)]
        causes = [path for path in causes if not self.sides.null_or_empty(path)] or causes
        return causes or paths

    def _is_derived(self, path: Steps, paths: list[Steps]) -> bool:
        key = top(path)
        others = {top(path) for path in paths if top(path) != key}
        if not others:
            return False
        if _ECHOES.get(key) in others:
            return True
        if self.sides.is_written(key):
            return False
        if not is_empty(value_at(self.sides.recorded, (key,))):
            return True  # the provider chose it once, and nobody has said otherwise
        live = value_at(self.sides.live, (key,))
        return any(
            same(live, value_at(self.sides.live, (other,)))
            for other in others
            if self.sides.is_written(other)
        )

    def _is_along(self, path: Steps, drifting: list[Steps]) -> bool:
        """Whether the update that puts `drifting` right changes the unwritten `path` as well."""
        if not drifting or touches(path, drifting) or self.sides.is_written(top(path)):
            return False
        return is_along(path, self.answer) and not self._is_ignored(path)

    def _is_ignored(self, path: Steps) -> bool:
        others = [self.sides.recorded]
        if value_at(self.sides.wanted, path) is not None:
            others.append(self.sides.wanted)
        return differs_in_ignored_alone(path, self.sides.live, others, self.ignored)

    def _noise(self, drifting: list[Steps], changes: Changes) -> tuple[NoiseItem, ...]:
        quiet = [
            path
            for path in self.sides.moved
            if not touches(path, drifting) and not self._indistinct(path)
        ]
        items = {changes.place(path): self._reason(path) for path in quiet}
        return tuple(NoiseItem(render_path(path), items[path]) for path in in_order(items))

    def _reason(self, path: Steps) -> str:
        # What is told as one may hold places that are ignored.
        if self._is_ignored(path) or covered(path, (one[: len(path)] for one in self.ignored)):
            return IGNORED
        return STALE if path in self.sides.coded and self.sides.met(path) else UNCHANGED

    def _indistinct(self, path: Steps) -> bool:
        """Whether no reader can tell what is there from what was recorded: null, and empty."""
        live, recorded = value_at(self.sides.live, path), value_at(self.sides.recorded, path)
        return is_empty(live) and is_empty(recorded)

    @property
    def adopted(self) -> bool:
        """Whether something is not as it was asked for, though nothing has moved since."""
        return any(
            self.sides.is_written(key)
            and not same(value_at(self.sides.wanted, (key,)), value_at(self.sides.live, (key,)))
            for key in self._keys()
        )
