"""Options and lines for the fields of a wire model that no command names by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

import click

from reconciler.cli.labels import text_of
from reconciler.field_rules import Rule
from reconciler.wire.model import Wire, hints_of, present

Option = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One field: its option, and how a command shows it."""

    name: str
    kind: Any
    help: str

    @property
    def label(self) -> str:
        """What it is called where a resource is shown."""
        return self.name.removesuffix("_at").replace("_", " ")

    def option(self, *, at: Callable[..., Any]) -> Option:
        """Return its option; `at` reads a moment that was given."""
        flag = "--" + self.name.removesuffix("_at").replace("_", "-")
        if self.kind is datetime:
            return click.option(
                flag,
                self.name,
                metavar="T",
                callback=at,
                help=f"{self.help.removesuffix('.')}: 2h, or a time.",
            )
        if get_origin(self.kind) is Literal:
            words = click.Choice([str(word) for word in get_args(self.kind)])
            return click.option(flag, self.name, type=words, help=self.help)
        kind = self.kind if self.kind in {int, float} else str
        return click.option(flag, self.name, type=kind, help=self.help)

    def said(self, body: Wire, *, ahead: Callable[[datetime | None], str]) -> str:
        """Return what `body` says of it, empty when it says nothing."""
        value = getattr(body, self.name)
        if value is None:
            return ""
        return ahead(value) if self.kind is datetime else text_of(value)


def facts_of(model: type[Wire], *, without: Collection[str]) -> tuple[Fact, ...]:
    """Return `model`'s fields except those `without`, in their order."""
    annotated = get_type_hints(model, include_extras=True)
    bare = hints_of(model)
    return tuple(
        Fact(field.name, present(bare[field.name]), _help(annotated[field.name]))
        for field in fields(cast("Any", model))
        if field.name not in without
    )


def _help(hint: Any) -> str:
    if get_origin(hint) is not Annotated:
        return ""
    rules = (rule for rule in get_args(hint)[1:] if isinstance(rule, Rule))
    return next((rule.shown["description"] for rule in rules if "description" in rule.shown), "")
