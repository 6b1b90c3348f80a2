"""`[[policy]]` of `trueup.toml`: its keys are the fields of the wire model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast, get_type_hints

from reconciler.checked_values import Name
from reconciler.field_rules import Section
from reconciler.settings_values import FileTime
from reconciler.wire.model import hints_of, present
from reconciler.wire.policies import Match, Statement


@dataclass(frozen=True, kw_only=True)
class _PolicyKeys(Section):
    """What `[[policy]]` writes otherwise than the API."""

    name: Name
    template: Name | None = None
    """The id of a template; the policy is about its resources only."""
    script: Name | None = None
    """The `[[script]]` that corrects what it selects, instead of the tool."""

    def statement(self) -> Statement:
        """Return the same as the API takes it."""
        written = {name: getattr(self, name) for name, _, _ in _AS_ON_THE_WIRE}
        return Statement(name=self.name, template_id=self.template, script=self.script, **written)


def _as_on_the_wire() -> Iterator[tuple[str, Any, Any]]:
    """Yield name, type and default of each field that is written as the API takes it."""
    annotated, bare = get_type_hints(Statement, include_extras=True), hints_of(Statement)
    for item in fields(cast("Any", Statement)):
        if item.name in ("name", "template_id", "script"):
            continue
        hint = annotated[item.name]
        if present(bare[item.name]) is datetime:
            # A file may write a date, and a time without a zone.
            hint = FileTime if bare[item.name] is datetime else FileTime | None
        yield item.name, hint, _default(item)


def _default(item: Field[Any]) -> Any:
    return field(
        **{
            name: getattr(item, name)
            for name in ("default", "default_factory")
            if getattr(item, name) is not MISSING
        }
    )


_AS_ON_THE_WIRE: Final = tuple(_as_on_the_wire())
if TYPE_CHECKING:

    class PolicySettings(_PolicyKeys):
        """One `[[policy]]`; its other keys are those of the wire model."""

        match: Match
        action_type: str
        driver: str | None
        edges: list[str] | None
        isolation_group: str | None
else:
    PolicySettings = make_dataclass(
        "PolicySettings",
        _AS_ON_THE_WIRE,
        bases=(_PolicyKeys,),
        frozen=True,
        kw_only=True,
        namespace={"__module__": __name__},
    )
    PolicySettings.__doc__ = "One `[[policy]]`: the keys of `wire.policies.Statement`."
