"""A plan that ended with an error of the code's own: what a scan says of it, and why it waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from reconciler.domain.model import ProviderDoubt
from reconciler.domain.state_lineage import WHOLE_STACK

if TYPE_CHECKING:  # only a plan that ended with an error has some
    from iac_adapters.terraform.diagnostics_text import Diagnostic
    from iac_adapters.terraform.loaded import LoadedResource

_SO: Final = (
    "a plan ends with this error; drift is read all the same, and what the code has for resources"
    " that are not made yet is not shown"
)
_SO_OF_READ: Final = (
    "a plan ends with this error; what depends on it is unreadable, and what the code has for"
    " resources that are not made yet may not be shown"
)
_SO_OF_REFUSED: Final = "a plan ends with this error; what is there is read all the same"


def told(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as one sentence, with its place in the code."""
    place = ":".join(str(part) for part in (diagnostic.file, diagnostic.line) if part is not None)
    concerning = f" ({diagnostic.address})" if diagnostic.address else ""
    detail = " ".join(diagnostic.detail.split())
    head = f"{place}: {diagnostic.summary}" if place else diagnostic.summary
    return f"{head}{concerning}: {detail}" if detail else f"{head}{concerning}"


def told_of_condition(diagnostic: Diagnostic) -> str:
    """Return the warning of a condition that failed."""
    return f"{told(diagnostic)}; {_SO}"


def told_of_failed_read(diagnostic: Diagnostic) -> str:
    """Return the warning of a data source, or ephemeral resource, that could not be read."""
    return f"{told(diagnostic)}; {_SO_OF_READ}"


def told_of_refusal(diagnostic: Diagnostic) -> str:
    """Return the warning of code that its provider's validation refuses."""
    return f"{told(diagnostic)}; {_SO_OF_REFUSED}"


def doubts_of_stopped(
    warnings: tuple[str, ...], resources: tuple[LoadedResource, ...]
) -> Iterator[ProviderDoubt]:
    """Yield why nothing of the whole stack is corrected unasked: the tool refuses to plan it.

    `warnings` are those of the recording. A data source whose provider is known is not among
    the reasons: its row is one of that provider.
    """
    failed = [
        warning.removesuffix(f"; {so}")
        for warning in warnings
        for so in (_SO, _SO_OF_REFUSED)
        if warning.endswith(so)
    ]
    if failed:
        more = f"; and {len(failed) - 1} more" if len(failed) > 1 else ""
        yield ProviderDoubt(WHOLE_STACK, f"a plan ends with an error: {failed[0]}{more}")
    for resource in resources:
        if resource.unread and not resource.recorded.provider:
            reason = f"{resource.recorded.address} could not be read ({resource.unread})"
            yield ProviderDoubt(WHOLE_STACK, f"the scan is incomplete: {reason}")
