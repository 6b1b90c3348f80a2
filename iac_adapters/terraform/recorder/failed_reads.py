"""Data sources and ephemeral resources that could not be read, by what a plan says of them. Pure.

Such an error ends every mode of a plan. What does not depend on it is planned all the same, and
it alone is known then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from iac_adapters.terraform.addresses import is_managed, parse_address
from iac_adapters.terraform.diagnostics_text import ERROR, Diagnostic
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.conditions import SUMMARIES
from iac_adapters.terraform.stopped_plans import told_of_failed_read


def is_failed_read(diagnostic: Diagnostic) -> bool:
    """Whether it is the error of a data source, or of an ephemeral resource."""
    if diagnostic.severity != ERROR or diagnostic.summary in SUMMARIES:
        return False
    return diagnostic.address is not None and not is_managed(diagnostic.address)


def failed_reads(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return a warning for each that could not be read, in its provider's words."""
    # The tool asks side by side, and tells in the order of the answers.
    return tuple(sorted({told_of_failed_read(one) for one in diagnostics if is_failed_read(one)}))


def unread(diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
    """Return by address why each could not be read, in its provider's words."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in diagnostics:
        if is_failed_read(one) and one.address is not None:
            parts = (" ".join(part.split()) for part in (one.summary, one.detail))
            found[one.address].append(": ".join(filter(None, parts)))
    return {address: "; ".join(sorted({*words})) for address, words in found.items()}


def of_ephemerals(
    diagnostics: Iterable[Diagnostic],
    captures: Iterable[ConnectionCapture],
    declared: Collection[str],
) -> tuple[Diagnostic, ...]:
    """Return `diagnostics`, those about ephemeral resources with the address of that resource.

    The tool names none where a provider's validation refuses a value. `declared` are the addresses
    of the code's; where several are of a type that was refused so, it may be any of them.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for capture in captures:
        for kind, summary in capture.refused_ephemerals:
            kinds[summary].add(kind)
    found: list[Diagnostic] = []
    for one in diagnostics:
        meant = kinds.get(one.summary, ()) if one.address is None and one.severity == ERROR else ()
        named = [address for address in declared if parse_address(address).type in meant]
        found.extend([replace(one, address=address) for address in sorted(named)] or [one])
    return tuple(found)
