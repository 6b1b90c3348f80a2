"""Which resources `--address` means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress

_LISTS: Final = "compare `terraform state list`, or `pulumi stack --show-urns`"


def select_addresses(
    wanted: Sequence[str],
    *,
    known: Sequence[ResourceAddress],
    moves: Mapping[ResourceAddress, ResourceAddress] | None = None,
    parents: Mapping[ResourceAddress, ResourceAddress] | None = None,
) -> tuple[ResourceAddress, ...]:
    """Return the addresses of `known` that `wanted` names, sorted.

    `moves` leads from an address of `known` to the one that the code has for it: either names it.

    As with `terraform -target`: an address names itself, all of a module, or all
    instances of a resource. A Pulumi URN may be shortened to its `type::name` end, and a
    component names itself and all that is below it, as `parents` tells.

    Raises:
        PermanentError: one of them names nothing; the message tells the nearest.
    """
    chosen: set[ResourceAddress] = set()
    for name in wanted:
        named = {
            address
            for address in known
            if _names(name, address) or _names(name, (moves or {}).get(address, address))
        }
        if not named:
            raise _unknown(name, known)
        chosen |= named | _below(named, known, parents or {})
    return tuple(sorted(chosen))


def _names(name: str, address: str) -> bool:
    # Below a component the types of all its parents stand before the resource's own.
    if address == name or address.endswith((f"::{name}", f"${name}")):
        return True
    return address.startswith(name) and address[len(name)] in ".[ "


def _below(
    named: set[ResourceAddress],
    known: Sequence[ResourceAddress],
    parents: Mapping[ResourceAddress, ResourceAddress],
) -> set[ResourceAddress]:
    found: set[ResourceAddress] = set()
    for address in known:
        above, seen = parents.get(address), set[ResourceAddress]()
        while above is not None and above not in seen:
            if above in named:
                found.add(address)
            seen.add(above)
            above = parents.get(above)
    return found


def _unknown(name: str, known: Sequence[ResourceAddress]) -> PermanentError:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    near = get_close_matches(name, _nameable(known), n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(near)}?" if near else _LISTS
    return PermanentError(f"no resource of the stack is named {name}", remedy=remedy)


def _nameable(known: Sequence[ResourceAddress]) -> list[str]:
    names = set(map(str, known))
    for address in known:
        names.add(address.rpartition("::")[2])
        parts = address.split(".")
        names.update(".".join(parts[: i + 2]) for i, part in enumerate(parts) if part == "module")
    return sorted(names)
