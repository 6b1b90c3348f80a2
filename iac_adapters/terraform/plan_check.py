"""The tool's plan, held against what a scan says: what the tool would do must be shown. Pure.

A verdict rests on a read and on the provider's own plan of it. Where that leaves out something
that the tool's plan holds, either somebody has brought it about meanwhile, or trueup has a
defect: then the resource is shown as the plan has it, and the scan says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from iac_adapters.terraform.addresses import block_of, is_managed
from iac_adapters.terraform.asked import Asked
from iac_adapters.terraform.outputs import output_address, shown_by_itself
from iac_adapters.terraform.rearranged import FORGOTTEN
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
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


def unshown_outputs(
    outputs: Iterable[PlannedOutput],
    verdicts: Mapping[str, Verdict],
    *,
    brought_about: Collection[str] = (),
) -> Iterator[Observed]:
    """Yield which of the `outputs` that the plan would change no verdict shows.

    The verdict on a resource that feeds an output shows it as well, where only an apply of that
    tells its value; so does that somebody has brought the resource's change about by hand.
    """
    speaking = {block_of(address) for address, verdict in verdicts.items() if _speaks(verdict)}
    speaking |= {block_of(address) for address in brought_about}
    for output in outputs:
        address = output_address(output.name)
        if not _speaks(verdicts.get(address)) and shown_by_itself(output, speaking):
            yield unexplained(address, output.action)


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
    return _speaks(verdict) or (isinstance(verdict, Noise) and action in _GONE_ALREADY)


def _speaks(verdict: Verdict | None) -> bool:
    return not isinstance(verdict, InSync | NotApplicable | Noise | None)
