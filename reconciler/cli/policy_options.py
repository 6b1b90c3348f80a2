"""The options that say what a policy is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

import click

from reconciler.cli.model_options import facts_of
from reconciler.cli.moments import moment_given
from reconciler.wire.policies import PolicyBody, Statement

F = TypeVar("F", bound=Callable[..., Any])
_WORDS: Final = ("low", "medium", "high", "critical")
_MATCH: Final = ("stack", "type", "address", "path", "kind", "min_severity", "max_severity")
WRITABLE: Final = tuple(field.name for field in fields(PolicyBody))
"""What a person may state of a policy, as the API names it."""
_WITHOUT_OPTION: Final = frozenset({"match", "script", "edges"})


_OPTIONS: Final = (
    click.option("--name", metavar="NAME", help="Its name."),
    click.option(
        "--action",
        "action_type",
        type=click.Choice(["auto_correct", "quarantine", "manual_review"]),
        help="What it does; a new policy: manual_review.",
    ),
    click.option(
        "--threshold",
        "drift_threshold",
        type=click.Choice(_WORDS),
        help="Act from this severity; a new policy: low.",
    ),
    click.option(
        "--min-score",
        type=click.IntRange(0, 100),
        metavar="N",
        help="Act from this score, 0 to 100.",
    ),
    click.option("--stack", metavar="GLOB", help="Match by stack."),
    click.option("--type", metavar="GLOB", help="Match by resource type."),
    click.option("--address", metavar="GLOB", help="Match by address."),
    click.option("--path", metavar="GLOB", help="Match by the attribute that drifted."),
    click.option(
        "--kind",
        type=click.Choice(["changed", "missing", "unmanaged", "unreadable", "added"]),
        help="Match by kind of drift.",
    ),
    click.option("--min-severity", type=click.Choice(_WORDS), help="Match from this severity on."),
    click.option("--max-severity", type=click.Choice(_WORDS), help="Match up to this severity."),
    click.option(
        "--template", "template_id", metavar="ID", help="Match the resources of a template."
    ),
    click.option("--owner", metavar="WHO", help="Who is responsible for it."),
    click.option("--reason", metavar="R", help="Why it exists."),
    click.option(
        "--expires",
        "expires_at",
        metavar="T",
        callback=moment_given,
        help="When it expires: 90d, or a time.",
    ),
    click.option(
        "--position",
        type=click.IntRange(min=0),
        metavar="N",
        help="Lower ones are evaluated first.",
    ),
)
_NAMED: Final = frozenset(
    {
        "name",
        "action_type",
        "drift_threshold",
        "min_score",
        "template_id",
        "owner",
        "reason",
        "expires_at",
        "position",
    }
)
MORE: Final = facts_of(Statement, without=_NAMED | _WITHOUT_OPTION)
"""The fields of the wire model that no line above names."""


def policy_options(function: F) -> F:
    """Give a command the options above, in their order."""
    for option in reversed((*_OPTIONS, *(fact.option(at=moment_given) for fact in MORE))):
        function = option(function)
    return function


def changes_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, as the API takes it; nothing that was not."""
    given = {
        name: flags[name]
        for name in WRITABLE
        if name not in _WITHOUT_OPTION and flags.get(name) is not None
    }
    match = {name: flags[name] for name in _MATCH if flags.get(name) is not None}
    return {**given, "match": match} if match else given
