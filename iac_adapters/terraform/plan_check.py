"""The tool's plan, held against what a scan says: what the tool would do must be shown. Pure.

A verdict rests on a read and on the provider's own plan of it. Where that leaves out something
that the tool's plan holds, either somebody has brought it about meanwhile, or trueup has a
defect: then the resource is shown as the plan has it, and the scan says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from iac_adapters.terraform.addresses import is_managed
from iac_adapters.terraform.asked import Asked
from iac_adapters.terraform.rearranged import FORGOTTEN
from reconciler.domain.compare import align, same, value_at
from reconciler.domain.model import (
    InSync,
    Noise,
    NotApplicable,
    Observed,
    ResourceAddress,
    Verdict,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.self_check import unexplained
from reconciler.domain.values import Attributes

_UNTOUCHED: Final = frozenset({"noop", "read"})
_CHANGING: Final = frozenset({"update", "replace"})
_GONE_ALREADY: Final = frozenset({"delete", *FORGOTTEN})


def unshown(
    actions: Mapping[str, str],
    verdicts: Mapping[str, Verdict],
    *,
    brought_about: Collection[str] = (),
) -> Iterator[Observed]:
    """Yield what `actions` holds and `verdicts` do not show, as verdicts that show it.

    Both go by the code's addresses. `brought_about` are those whose live objects are by now as
    the plan would make them.
    """
    for address, action in sorted(actions.items()):
        if action in _UNTOUCHED or not is_managed(address):
            continue
        excused = action in _CHANGING and address in brought_about
        if not excused and not _shows(verdicts.get(address), action):
            yield unexplained(ResourceAddress(address), action)


def is_brought_about(asked: Asked, live: Attributes) -> bool:
    """Whether somebody has moved the object wherever the code asks for a change of it."""
    places = asked.places()
    is_set = asked.schema.is_set
    now, recorded = align((live, asked.recorded), is_set)
    return bool(places) and not any(
        _same(value_at(now, path), value_at(recorded, path)) for path in places
    )


def _same(left: object, right: object) -> bool:
    return (is_empty(left) and is_empty(right)) or same(left, right)  # type: ignore[arg-type]


def _shows(verdict: Verdict | None, action: str) -> bool:
    match verdict:
        case None | InSync() | NotApplicable():
            return False
        case Noise():
            return action in _GONE_ALREADY
        case _:
            return True
