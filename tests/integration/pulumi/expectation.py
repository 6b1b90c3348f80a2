"""What must be said of the changes that are in force, by us and by the CLI's own refresh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    NotApplicable,
    Origin,
    Verdict,
)
from tests.worlds.mutations import path_covers, paths_match
from tests.worlds.pulumi.mutations import Answer, Mutation

SECRET = "CANARY"
"""How every secret of the shops begins, and every secret that somebody puts in its place."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the CLI may answer otherwise than we do, and why we do not follow it."""

    resource: str
    ours: Answer
    theirs: Answer
    why: str


def answer_of(verdict: Verdict) -> Answer | None:
    """Return what a verdict comes to in the CLI's words; None where it has none for it."""
    match verdict:
        case InSync() | Noise() | NotApplicable():
            return "same"
        case Drifted():
            return "drifted"
        case Missing():
            return "gone"
        case _:
            return None


def quiet(verdicts: Mapping[str, Verdict]) -> bool:
    """Say whether everything was read and nothing deviates."""
    return bool(verdicts) and {answer_of(verdict) for verdict in verdicts.values()} == {"same"}


def difference(
    resource: str, ours: Answer | None, theirs: Answer | None, known: Iterable[Difference]
) -> Difference | None:
    """Return the explanation of a difference; None where nobody has one."""
    found = (
        one for one in known if (one.resource, one.ours, one.theirs) == (resource, ours, theirs)
    )
    return next(found, None)


def disagreements(
    turn: Sequence[Mutation],
    verdicts: Mapping[str, Verdict],
    oracle: Mapping[str, Answer] | None,
    known: Sequence[Difference],
) -> list[str]:
    """Return every point where changes in force, verdicts and the CLI do not say the same.

    Without an oracle only the changes in force say what must be found.
    """
    expected = {mutation.resource: mutation.answer for mutation in turn}
    # The CLI has no word for what has no object, such as a provider by default.
    read = {name: one for name, one in verdicts.items() if not isinstance(one, NotApplicable)}
    return [
        *(f"only the CLI knows {name}" for name in sorted((oracle or {}).keys() - verdicts.keys())),
        *_of_answers(expected, read),
        *(_of_oracle(read, oracle, known) if oracle is not None else ()),
        *(f"{one.name}: {wrong}" for one in turn for wrong in _of(one, verdicts[one.resource])),
        *(f"{name} tells a secret" for name in verdicts if SECRET in repr(verdicts[name])),
    ]


def _of_answers(expected: Mapping[str, Answer], verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    for name, verdict in sorted(verdicts.items()):
        if answer_of(verdict) != expected.get(name, "same"):
            yield f"{name}: {expected.get(name, 'untouched')}, and we say {verdict}"


def _of_oracle(
    verdicts: Mapping[str, Verdict], oracle: Mapping[str, Answer], known: Sequence[Difference]
) -> Iterator[str]:
    for name, verdict in sorted(verdicts.items()):
        ours, theirs = answer_of(verdict), oracle.get(name)
        if ours != theirs and difference(name, ours, theirs, known) is None:
            yield f"{name}: we say {ours}, and the CLI {theirs}"


def _of(mutation: Mutation, verdict: Verdict) -> Iterator[str]:
    if isinstance(verdict, Drifted):
        if not paths_match(mutation.paths, [change.path for change in verdict.changes]):
            yield f"found at {[change.path for change in verdict.changes]}"
        if {change.origin for change in verdict.changes} != {Origin.OUT_OF_BAND}:
            yield f"origins {[change.origin for change in verdict.changes]}"
        if verdict.requires_replace is not mutation.replaces:
            yield f"requires_replace is {verdict.requires_replace}"
    tolerated = [item.path for item in verdict.items] if isinstance(verdict, Noise) else []
    for path in mutation.noise:
        if not any(path_covers(path, one) for one in tolerated):
            yield f"tolerated at {tolerated}"
