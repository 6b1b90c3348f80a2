"""What connects the resources that are to be isolated, by the recorded state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.quarantines import resource_of
from reconciler.domain.records import FindingRecord
from reconciler.engine.scanned import Loaded
from reconciler.ports import Isolating, Swapping


async def edges_of(
    loaded: Loaded, records: Sequence[FindingRecord], *, named: Collection[str] = ()
) -> tuple[Edge, ...]:
    """Return the edges whose destruction isolates `records`; at least one.

    Raises:
        RetryableError: a backend did not answer.
        PermanentError: nothing connects them.
    """
    addresses = resources_of(records)
    edges = await isolating(loaded).edges(loaded.snapshot, addresses, named=named)
    if not edges:
        raise PermanentError(
            f"nothing that could be detached connects {', '.join(addresses[:3])}",
            remedy="a policy may name the edges (`edges`); docs/quarantine.md lists the types that"
            " are known. To correct it instead, run `trueup remediate FINDING`; a quarantine of it"
            " that waits is cancelled by `trueup cancel REMEDIATION` first",
        )
    return edges


async def holders_of(
    loaded: Loaded, records: Sequence[FindingRecord], *, group: str
) -> tuple[Edge, ...]:
    """Return what holds security groups that `group` would replace; at least one.

    Raises:
        RetryableError: a provider did not answer.
        PermanentError: nothing of `records` holds groups.
    """
    addresses = resources_of(records)
    edges = await swapper(loaded).swaps(loaded.snapshot, addresses, group=group)
    if not edges:
        raise PermanentError(
            f"nothing that holds {', '.join(addresses[:3])} has security groups to swap",
            remedy="docs/quarantine.md lists the types. To detach edges instead, run"
            " `trueup quarantine FINDING` without an isolation group; a quarantine of it that waits"
            " is cancelled by `trueup cancel REMEDIATION` first",
        )
    return edges


def isolating(loaded: Loaded) -> Isolating:
    """Return the adapter that detaches and attaches.

    Raises:
        PermanentError: nothing of this tool can be put into quarantine.
    """
    if not isinstance(loaded.adapter, Isolating):
        raise PermanentError(
            f"resources of {loaded.snapshot.tool} cannot be put into quarantine",
            remedy="request a correction: `trueup remediate FINDING`; a quarantine of it that waits"
            " is cancelled by `trueup cancel REMEDIATION` first",
        )
    return loaded.adapter


def swapper(loaded: Loaded) -> Swapping:
    """Return the adapter that swaps security groups.

    Raises:
        PermanentError: groups of resources of this tool cannot be swapped.
    """
    if not isinstance(loaded.adapter, Swapping):
        raise PermanentError(
            f"the groups of resources of {loaded.snapshot.tool} cannot be swapped",
            remedy="isolate them by their edges: a policy with driver `detach`, or"
            " `trueup quarantine FINDING` without an isolation group. Where nothing connects them,"
            " a policy with a `script` can change their groups through the cloud's API",
        )
    return loaded.adapter


def resources_of(records: Iterable[FindingRecord]) -> tuple[ResourceAddress, ...]:
    """Return the resources that `records` are about, each once, in their order."""
    return tuple(dict.fromkeys(map(resource_of, records)))
