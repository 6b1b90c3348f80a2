"""Policies on the wire: what a person states, and what the daemon answers.

A field that joins `PolicyBody` and `domain.policy.Policy` is taken, checked, kept, shown,
described and decoded everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from reconciler.field_rules import Rule
from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import (
    ActionWord,
    DriverWord,
    Glob,
    GroupId,
    KindWord,
    Score,
    Sentence,
    SeverityWord,
    SourceWord,
    Time,
    Word,
    between,
    shown,
    text,
)

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import policy as domain


@model
class Match(Body):
    """What a policy selects; every key given must hold."""

    sparse: ClassVar[bool] = True

    stack: Glob | None = None
    type: Glob | None = None
    address: Glob | None = None
    path: Glob | None = None
    kind: KindWord | None = None
    host_group: Glob | None = None
    min_severity: SeverityWord | None = None
    max_severity: SeverityWord | None = None


@model
class Statement(Wire):
    """What a policy says."""

    name: Annotated[str, text(most=200, example="close what was opened")]
    action_type: ActionWord = "manual_review"
    match: Match = Match()
    drift_threshold: SeverityWord = "low"
    min_score: Score = 0
    template_id: Word | None = None
    script: Annotated[
        Word | None, shown(description="The `[[script]]` of trueup.toml that corrects.")
    ] = None
    driver: Annotated[
        DriverWord | None, shown(description="How a quarantine isolates; default: detach.")
    ] = None
    edges: (
        Annotated[
            list[Glob],
            Rule(
                {"min_length": 1, "max_length": 100},
                shown={"examples": [["aws_lb_listener_rule"]]},
            ),
        ]
        | None
    ) = None
    isolation_group: Annotated[
        GroupId | None,
        shown(description="The security group that driver `swap` puts in the place of others."),
    ] = None
    owner: Word | None = None
    reason: Sentence | None = None
    starts_at: Annotated[Time | None, shown(description="When it begins to act.")] = None
    expires_at: Time | None = None


@model
class PolicyBody(Statement, Body):
    """A policy to be kept; among those of the API, a lower `position` is asked first.

    Without one, a new policy is asked last, and one that is changed keeps its own.
    """

    position: Annotated[int, between(0, 1_000_000)] | None = None


@model
class Policy(Statement):
    """A rule about drift."""

    # What a person may leave out, an answer says.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "json_schema_serialization_defaults_required": True
    }

    policy_id: str
    source: SourceWord
    position: int
    version: int


def policy_of(policy: domain.Policy) -> Policy:
    """Return a policy; `match` names only what it selects by."""
    return mapping.shown(Policy, policy, match=mapping.shown(Match, policy.selection))


def as_stated(policy: domain.Policy, statement: Statement) -> domain.Policy:
    """Return `policy` saying what `statement` says; without a `position` it keeps its own."""
    selection = mapping.stated(type(policy.selection)(), statement.match)
    position = getattr(statement, "position", None)
    return mapping.stated(
        policy,
        statement,
        selection=selection,
        position=policy.position if position is None else position,
    )
