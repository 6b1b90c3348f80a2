"""Which replacements the drift of other resources sets off: `replace_triggered_by`. Pure.

The plan of the recorded state shows them for code that is not applied. What somebody changed
is seen by a read, after that plan, so its followers are found here.

Source: `EvaluateReplaceTriggeredBy` of Terraform 1.11: an update or a replacement of a whole
resource counts, a changed value of a single attribute, and never a creation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from iac_adapters.terraform.addresses import InstanceKey, block_address, parse_address
from reconciler.domain.model import Change, Drifted, Origin, ResourceAddress, Verdict
from reconciler.domain.paths import Steps, render_path

_AFTER_PATH = (".", "[")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of `replace_triggered_by`, seen from its own module.

    `own_key` says that it means the instance with the referring one's key; `key` names another
    one. Without either it means all instances. An empty `path` means any change.
    """

    type: str
    name: str
    key: InstanceKey = None
    own_key: bool = False
    path: Steps = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """What sets off a replacement, and who moved there."""

    address: ResourceAddress
    origin: Origin | None


def sources_of(
    address: str, references: Iterable[Reference], known: Iterable[str]
) -> frozenset[str]:
    """Return those of `known` that the references of the resource at `address` mean."""
    return frozenset(one for reference in references for one in _meant(address, reference, known))


def triggered(
    references: Mapping[str, tuple[Reference, ...]], verdicts: Mapping[str, Verdict]
) -> dict[str, Trigger]:
    """Return what `verdicts` set off, by the addresses that `references` has.

    A replacement sets off the next one. What is replaced anyway is left out.
    """
    found: dict[str, Trigger] = {}
    waiting = {one for one in references if not _is_replaced(verdicts.get(one))}
    grew = True
    while grew:
        grew = False
        for address in sorted(waiting - found.keys()):
            trigger = _trigger(address, references[address], verdicts, found)
            if trigger is not None:
                found[address] = trigger
                grew = True
    return found


def _trigger(
    address: str,
    references: Iterable[Reference],
    verdicts: Mapping[str, Verdict],
    found: Mapping[str, Trigger],
) -> Trigger | None:
    for reference in references:
        for source in sorted(_meant(address, reference, (*verdicts, *found))):
            if source in found:
                return Trigger(ResourceAddress(source), found[source].origin)
            verdict = verdicts[source]
            if isinstance(verdict, Drifted) and _counts(verdict, reference.path):
                return Trigger(ResourceAddress(source), _origin(verdict))
    return None


def _meant(address: str, reference: Reference, known: Iterable[str]) -> Iterator[str]:
    own = parse_address(address)
    for candidate in dict.fromkeys(known):
        try:
            other = parse_address(candidate)
        except ValueError:
            continue  # a deposed object, or one with two addresses
        if (other.module, other.type, other.name) != (own.module, reference.type, reference.name):
            continue
        wanted = own.key if reference.own_key else reference.key
        if wanted is None or other.key == wanted:
            yield candidate


def _counts(verdict: Drifted, path: Steps) -> bool:
    changes = (*verdict.changes, *verdict.consequences)
    if not path or not changes:
        return True
    wanted = render_path(path)
    return any(_overlap(change.path, wanted) for change in changes)


def _overlap(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or (longer.startswith(shorter) and longer[len(shorter)] in _AFTER_PATH)


def _is_replaced(verdict: Verdict | None) -> bool:
    return isinstance(verdict, Drifted) and verdict.requires_replace


def _origin(verdict: Drifted) -> Origin | None:
    changes: tuple[Change, ...] = verdict.changes
    origins = {change.origin for change in changes}
    if len(origins) > 1:
        return Origin.BOTH
    return next(iter(origins), None)


def block_of(address: str) -> str:
    """Return the address of the block that declares `address`; itself where it is none."""
    try:
        return block_address(address)
    except ValueError:
        return address
