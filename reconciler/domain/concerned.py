"""Of a plan that needs a person: which of the drifted resources are the reason."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.domain.belonging import Dependencies, together
from reconciler.domain.concerns import by_target_of, concerns_about
from reconciler.domain.model import Finding, ProviderDoubt, ResourceAddress
from reconciler.domain.plan import Plan


def concerned(
    plan: Plan,
    findings: Sequence[Finding],
    *,
    dependencies: Dependencies,
    doubts: Sequence[ProviderDoubt] = (),
) -> frozenset[ResourceAddress]:
    """Return the addresses of `findings` without which `plan` would need no person.

    A plan without them does not touch what the concerns are about, nor what that depends on or
    what depends on it. Empty when there is no concern, and when one is about the plan as a whole:
    an output, or a resource that none of the findings leads to.
    """
    by_address = {finding.address: finding for finding in findings}
    by_target = by_target_of(findings)
    reasons = {
        finding.address if finding is not None else resource.address
        for resource in plan.resources
        for finding in (by_target.get(resource.address),)
        if concerns_about(resource, finding, doubts)
    }
    found: set[ResourceAddress] = set()
    for related in together({*by_address, *reasons}, dependencies):
        drifted = related & by_address.keys()
        if related & reasons and not drifted:
            return frozenset()
        if related & reasons:
            found |= drifted
    return frozenset() if plan.outputs else frozenset(found)
