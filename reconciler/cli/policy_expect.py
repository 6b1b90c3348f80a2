"""Decisions that a file of policies must come to, for tests in CI; no daemon is asked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ValidationError

from reconciler.bounded_files import read_text
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import counted, spoken
from reconciler.cli.policy_decided import Decided
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Kind, Origin, Severity
from reconciler.domain.policy import Policy, Subject, decide
from reconciler.domain.score import BASE
from reconciler.domain.values import Json
from reconciler.field_rules import Rule, Section
from reconciler.section_reading import validated
from reconciler.settings_problems import Whereabouts, describe_problems
from reconciler.toml_positions import key_lines
from reconciler.wire.rules import ActionWord, KindWord, OriginWord, Score, SeverityWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation(Section):
    """One `[[expect]]`: a drift, what is to be decided on it, and by which policy."""

    address: str
    type: str
    decision: Literal[ActionWord, "below", "observe"]
    policy: str | None = None
    stack: str = "stack"
    kind: KindWord = "changed"
    severity: SeverityWord = "medium"
    score: Score | None = None
    paths: tuple[str, ...] = ()
    origin: OriginWord = "out_of_band"
    host_groups: tuple[str, ...] = ()

    def subject(self) -> Subject:
        """Return the drift as policies are asked about it."""
        severity = Severity[self.severity.upper()]
        return Subject(
            stack=self.stack,
            address=self.address,
            type=self.type,
            kind=Kind(self.kind),
            severity=severity,
            score=BASE[severity] if self.score is None else self.score,
            paths=self.paths,
            only_undo=Origin(self.origin) is Origin.OUT_OF_BAND,
            host_groups=self.host_groups,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expectations(Section):
    expect: Annotated[tuple[Expectation, ...], Rule({"min_length": 1})]


@dataclass(frozen=True, slots=True)
class _Tried:
    expected: Expectation
    decided: Decided

    @property
    def met(self) -> bool:
        policy = self.decided.policy.name if self.decided.policy else None
        as_expected = self.decided.word == self.expected.decision
        return as_expected and self.expected.policy in (None, policy)


def expect(invocation: Invocation, policies: Sequence[Policy], file: Path) -> int:
    """Say which expectations of `file` the policies do not meet; return 1 where there is one.

    Raises:
        PermanentError: the file cannot be read, or says something that is no expectation.
    """
    now = datetime.now(UTC)
    tried = []
    for expected in read_expectations(file):
        subject = expected.subject()
        decided = Decided(decide(subject, policies, now=now), subject)
        tried.append(_Tried(expected, decided))
    invocation.answer({"items": [_object(trial) for trial in tried], "next": None}, _lines(tried))
    return 0 if all(trial.met for trial in tried) else 1


def read_expectations(file: Path) -> tuple[Expectation, ...]:
    """Return the expectations of `file`.

    Raises:
        PermanentError: see `expect`; it names the line and the nearest valid key.
    """
    text = ""
    try:
        text = read_text(file)
        return validated(_Expectations, tomllib.loads(text)).expect
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror or error}") from error
    except ValidationError as error:
        where = Whereabouts(file, key_lines(text))
        raise describe_problems(error, model=_Expectations, where=where) from error
    except ValueError as error:
        raise PermanentError(f"{file}: not TOML: {error}", remedy="see https://toml.io") from error


def _object(tried: _Tried) -> Json:
    policy = tried.decided.policy
    return {
        "address": tried.expected.address,
        "expected": tried.expected.decision,
        "decision": tried.decided.word,
        "policy": policy.name if policy else None,
        "met": tried.met,
    }


def _lines(tried: Sequence[_Tried]) -> Iterator[str]:
    for trial in tried:
        if trial.met:
            continue
        wanted, found = spoken(trial.expected.decision), spoken(trial.decided.word)
        by = f" by {trial.decided.policy.name!r}" if trial.decided.policy else ""
        expected_by = f" by {trial.expected.policy!r}" if trial.expected.policy else ""
        address = trial.expected.address
        yield f"FAILED {address}: expected {wanted}{expected_by}, decided {found}{by}"
    met = sum(trial.met for trial in tried)
    yield f"{met} of {counted(len(tried), 'expectation')} met"
