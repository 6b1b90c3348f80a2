"""What differs inside a value that differs, as the daemon compared it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model

if TYPE_CHECKING:  # a client never loads it
    from reconciler import comparison


@model
class Difference(Wire):
    """One place inside a value, such as `Statement[0].Resource[2]`."""

    path: str
    kind: Literal["changed", "added", "removed"]
    before: Any = None
    after: Any = None


@model
class Comparison(Wire):
    """What differs inside a value; `complete` is false where it was too large to compare.

    With `only_order`, nothing differs but the order of elements or the spelling of a policy.
    """

    differences: list[Difference]
    only_order: bool = False
    complete: bool = True


def comparison_of(found: comparison.Comparison) -> Comparison:
    """Return what a comparison of two values found."""
    differences = [mapping.shown(Difference, difference) for difference in found.differences]
    return mapping.shown(Comparison, found, differences=differences)
