"""Ignore rules, and what people say of one finding, on the wire."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from reconciler.field_rules import Rule
from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import KindWord, Sentence, Time, Word

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import ignoring

CoverWord = Literal["missing", "critical"]


@model
class IgnoreBody(Body):
    """Why a finding is ignored, until when, and what of it may be.

    Drift that is `missing` or `critical` is ignored only where `covers` names that. With
    `report_id` only the drift of that report is.
    """

    sparse: ClassVar[bool] = True
    """An older daemon refuses a key that it does not know."""

    reason: Sentence
    until: Time | None = None
    covers: Annotated[list[CoverWord], Rule({"max_length": 2})] = field(default_factory=list)
    report_id: Word | None = None


@model
class NoteBody(Body):
    """What somebody says of a finding: a comment, that it is seen to, or whose it is."""

    kind: Literal["comment", "ack", "assign"]
    text: Sentence | None = None
    """The comment, or the name of whose it is."""


@model
class IgnoreRule(Wire):
    """A rule of `trueup.toml`, how many findings it has ignored, and when it did last."""

    name: str
    reason: str
    owner: str | None
    expires_at: Time | None
    stack: str | None
    type: str | None
    address: str | None
    path: str | None
    kind: KindWord | None
    value: str | None
    covers: list[str]
    matched: int
    last_matched_at: Time | None


def ignore_rule_of(rule: ignoring.IgnoreRule, matches: ignoring.RuleMatches) -> IgnoreRule:
    """Return a rule and what it did."""
    return mapping.shown(
        IgnoreRule,
        rule,
        covers=sorted(rule.covers),
        matched=matches.matched,
        last_matched_at=matches.last,
    )
