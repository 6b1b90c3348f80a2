"""One scan held against the baselines of its stack: each resource beside all the others. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from reconciler.domain.accepting import with_value
from reconciler.domain.added_children import child_address, without_accepted, written_child
from reconciler.domain.compare import in_order
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.kept_baseline import (
    ACCEPTED,
    NO_BASELINES,
    ORDERED,
    Baselines,
    KeptBaseline,
    identity_of,
)
from reconciler.domain.model import (
    Added,
    Change,
    Drifted,
    InSync,
    Kind,
    Noise,
    NoiseItem,
    Observed,
    Origin,
    ResourceAddress,
    Severity,
    Unseen,
    Verdict,
)
from reconciler.domain.own_plans import Planned, chosen_by
from reconciler.domain.paths import root_of
from reconciler.domain.plan import PlannedChange
from reconciler.domain.severity import Deviation, Rulebook, rate
from reconciler.domain.undeclared import Comparison, undeclared_changes
from reconciler.domain.undeclared_children import (
    Child,
    child_of,
    identities,
    without_children,
)
from reconciler.domain.undeclared_leaves import slim
from reconciler.domain.undeclared_moves import learned
from reconciler.domain.values import Value
from reconciler.domain.witness import Witness

TAKEN_IN: Final = "the recorded state holds it as well: a refresh or an apply has taken it in since"
TOUCHED: Final = "an apply has changed what the code declares of it since; look whether that is why"

BY_HAND: Final = "to undo it by hand: "
_MOST_COMMANDS: Final = 3


@dataclass(frozen=True, slots=True)
class Compared:
    """What a scan saw, with what differs from the baselines, and the baselines it began."""

    observed: tuple[Observed, ...]
    begun: tuple[KeptBaseline, ...] = ()


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a scan is held against. Without a baseline of its own it is the recorded state.

    `keep` says that baselines are kept: then each object without one begins one. With `renew`
    each begins one, of what is live now. `planned` is what applies of ours were to do since.
    """

    baselines: Baselines = field(default_factory=lambda: NO_BASELINES)
    keep: bool = False
    renew: bool = False
    planned: Planned = field(default_factory=dict)


def compared(
    observed: Iterable[Observed],
    yardstick: Yardstick,
    *,
    key: bytes,
    at: datetime,
    rulebook: Rulebook | None = None,
) -> Compared:
    """Return `observed` with the undeclared changes of each resource.

    Without a `rulebook`, which tells what is dangerous, nothing is ever taken for volatile.
    """
    seen = tuple(without_accepted(observed, yardstick.baselines, key=key))
    witnesses: dict[str, Witness] = {
        observed.address: observed.witness for observed in seen if observed.witness is not None
    }
    # Which children are asked for differs from scan to scan.
    owned = (
        observed.address for observed in seen if not isinstance(observed.verdict, Added | Unseen)
    )
    stack = _Stack(witnesses, key=key, mark=_mark_of(owned), rulebook=rulebook)
    result: list[Observed] = []
    begun: list[KeptBaseline] = []
    for entry in seen:
        if entry.witness is None:
            result.append(entry)
            if yardstick.renew and isinstance(entry.verdict, Added):
                begun.append(written_child(entry.address, entry.verdict, at=at))
            continue
        if yardstick.renew:
            result.append(entry)
            begun.append(stack.renewed(entry.address, entry.witness, at=at))
            continue
        before = yardstick.baselines.get(entry.address)
        kept = stack.own(before, entry.witness)
        if kept is None and yardstick.keep:
            kept = stack.first(entry.address, entry.witness, at=at)
        kept = stack.after_apply(kept, entry.witness, yardstick.planned.get(entry.address, ()))
        held, kept = stack.held_against(entry, entry.witness, kept)
        if kept is not None and yardstick.keep:
            kept = stack.marked(kept, held, entry.witness)
            if kept != before:
                begun.append(kept)
        result.append(held)
    return Compared(tuple(result), tuple(begun))


@dataclass(frozen=True, slots=True)
class _Stack:
    """The resources of one scan that were read; `mark` is of which resources there are.

    A resource that leaves the state leaves what it holds of others to nobody: then each is
    compared again, though it has not moved.
    """

    witnesses: Mapping[str, Witness]
    key: bytes = field(repr=False)
    mark: str
    rulebook: Rulebook | None
    children: dict[ResourceAddress, tuple[Child, ...]] = field(default_factory=dict)

    def children_of(self, address: ResourceAddress, witness: Witness) -> tuple[Child, ...]:
        known = self.children.get(address)
        if known is None:
            names = identities(witness.recorded()) | identities(witness.live())
            # A scan of some resources has read no others; what they record counts still.
            others = {**witness.beside(), **self.witnesses} if names else {}
            found = (
                child_of(names, other)
                for place, other in sorted(others.items())
                if place != address
            )
            known = self.children[address] = tuple(child for child in found if child is not None)
        return known

    def own(self, kept: KeptBaseline | None, witness: Witness) -> KeptBaseline | None:
        """Return the baseline if it is this object's, and not that of one it replaced."""
        if kept is None or kept.mark == self._marked(witness.mark):
            return kept
        # One that was written elsewhere, with another key, cannot tell which object it is of.
        if kept.identity and kept.identity != self._identity(witness):
            return None
        if kept.mark == ACCEPTED:
            # What was accepted was put at the end of its set; paths go by the set's own order.
            return replace(kept, values=in_order(kept.values, witness.facts.is_set), mark=ORDERED)
        return kept

    def first(self, address: ResourceAddress, witness: Witness, *, at: datetime) -> KeptBaseline:
        """Return the baseline of an object that has none: what the state records of it."""
        kept = self._of(address, witness, witness.recorded(), at=at)
        return replace(kept, mark=self._marked(witness.recorded_mark))

    def renewed(self, address: ResourceAddress, witness: Witness, *, at: datetime) -> KeptBaseline:
        """Return the baseline of an object as it is now."""
        kept = self._of(address, witness, witness.live(), at=at)
        return replace(kept, mark=self._marked(witness.mark))

    def _of(
        self, address: ResourceAddress, witness: Witness, values: Value, *, at: datetime
    ) -> KeptBaseline:
        tree = without_children(
            values,
            self.children_of(address, witness),
            type_name=witness.type,
            facts=witness.facts,
        )
        return KeptBaseline(
            key=address,
            identity=self._identity(witness),
            mark=ORDERED,
            values=in_order(slim(tree), witness.facts.is_set),
            kept_at=at,
            configured=self._configured(witness),
        )

    def after_apply(
        self, kept: KeptBaseline | None, witness: Witness, planned: Sequence[PlannedChange]
    ) -> KeptBaseline | None:
        """Return `kept` with what an apply chose since: no code decides that, and no hand did.

        What was `planned` says it of an apply of ours, where nothing of before is known any more.
        """
        chosen = {**chosen_by(planned, witness), **witness.chosen()}
        if kept is None or not chosen:
            return kept
        values = kept.values
        for place, value in sorted(chosen.items()):
            values = with_value(values, place, value)
        values = in_order(slim(values), witness.facts.is_set)
        if values == kept.values:
            # Not before: what this scan begins is not kept where an apply overtakes it.
            witness.forget_chosen()
            return kept
        return replace(kept, values=values, mark=ORDERED)

    def held_against(
        self, observed: Observed, witness: Witness, kept: KeptBaseline | None
    ) -> tuple[Observed, KeptBaseline | None]:
        """Return `one` with what differs from `kept`, or from the recorded state without it.

        With it comes `kept`, which remembers what has moved.
        """
        if not isinstance(observed.verdict, InSync | Noise | Drifted) or self._is_still(
            witness, kept
        ):
            return observed, kept
        changes = undeclared_changes(
            Comparison(
                witness=witness,
                baseline=witness.recorded() if kept is None else kept.values,
                children=self.children_of(observed.address, witness),
                touched=_touched(observed),
                key=self.key,
            )
        )
        if not changes:
            return observed, kept
        verdict = _without_noise(observed, changes)
        reason = self._reason(witness, kept)
        if kept is None:
            return _with_undeclared(observed, witness, verdict, changes), None
        found = learned(
            kept,
            changes,
            untouched=reason is None and not isinstance(verdict, Drifted),
            is_dangerous=lambda change: self._is_dangerous(witness, change),
            key=self.key,
        )
        verdict = _with_noise(verdict, found.volatile)
        held = _with_undeclared(observed, witness, verdict, found.reported, reason=reason)
        return held, found.kept

    def _is_dangerous(self, witness: Witness, change: Change) -> bool:
        """Whether it is about exposure or privileges: of that nothing is ever taken for noise."""
        if self.rulebook is None:
            return True
        deviation = Deviation(witness.type, Kind.CHANGED, Origin.UNDECLARED, (change,))
        return rate(deviation, self.rulebook).severity >= Severity.HIGH

    def marked(self, kept: KeptBaseline, held: Observed, witness: Witness) -> KeptBaseline:
        """Return `kept` with the mark of this read, where nothing of it differed."""
        if held.undeclared or kept.moves or not isinstance(held.verdict, InSync | Noise):
            return kept
        return replace(kept, mark=self._marked(witness.mark))

    def _is_still(self, witness: Witness, kept: KeptBaseline | None) -> bool:
        if kept is None:
            return witness.mark == witness.recorded_mark
        return kept.mark == self._marked(witness.mark)

    def _reason(self, witness: Witness, kept: KeptBaseline | None) -> str | None:
        """Return why a person should look twice: what somebody's apply has touched since."""
        if kept is None:
            return None
        if kept.configured and kept.configured != self._configured(witness):
            return TOUCHED
        return TAKEN_IN if witness.mark == witness.recorded_mark else None

    def _marked(self, mark: str) -> str:
        return f"{mark}.{self.mark}"

    def _identity(self, witness: Witness) -> str:
        return value_digest(identity_of(witness.recorded()), key=self.key)

    def _configured(self, witness: Witness) -> str:
        return value_digest(witness.configured(), key=self.key)


def _mark_of(addresses: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(addresses)).encode()).hexdigest()[:16]


def _with_undeclared(
    observed: Observed,
    witness: Witness,
    verdict: Verdict,
    changes: tuple[Change, ...],
    *,
    reason: str | None = None,
) -> Observed:
    children = witness.children_behind(changes) if changes else ()
    return replace(
        observed,
        verdict=verdict,
        undeclared=changes,
        undeclared_reason=_why(witness, changes, reason) if changes else None,
        added_as=tuple(child_address(observed.address, child, name) for child, name in children),
    )


def _why(witness: Witness, changes: Sequence[Change], reason: str | None) -> str | None:
    """Return `reason` with the commands that undo `changes`, where no plan does."""
    commands = witness.undone_by_hand(changes)
    shown = "; ".join(commands[:_MOST_COMMANDS])
    more = len(commands) - _MOST_COMMANDS
    by_hand = f"{BY_HAND}{shown}{f'; and {more} more' if more > 0 else ''}" if commands else None
    return "; ".join(part for part in (reason, by_hand) if part) or None


def _touched(observed: Observed) -> tuple[str, ...]:
    if not isinstance(observed.verdict, Drifted):
        return ()
    return tuple(
        change.path for change in (*observed.verdict.changes, *observed.verdict.consequences)
    )


def _without_noise(observed: Observed, changes: Sequence[Change]) -> InSync | Noise | Drifted:
    """Return the verdict without the noise that is a finding now."""
    reported = {root_of(change.path) for change in changes}
    match observed.verdict:
        case Noise(items=items):
            left = _left(items, reported)
            return Noise(left) if left else InSync()
        case Drifted(noise=items) as drifted:
            return replace(drifted, noise=_left(items, reported))
        case InSync() as verdict:
            return verdict
        case _:
            raise AssertionError(observed.verdict)  # `_held_against` has looked


def _with_noise(
    verdict: InSync | Noise | Drifted, items: tuple[NoiseItem, ...]
) -> InSync | Noise | Drifted:
    if not items:
        return verdict
    match verdict:
        case InSync():
            return Noise(items)
        case Noise(items=others):
            return Noise((*others, *items))
        case Drifted(noise=others) as drifted:
            return replace(drifted, noise=(*others, *items))


def _left(items: Sequence[NoiseItem], reported: set[str]) -> tuple[NoiseItem, ...]:
    return tuple(item for item in items if root_of(item.path) not in reported)
