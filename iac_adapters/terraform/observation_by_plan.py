"""How one scan of a Terraform stack sees it by a whole plan."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.after_reading import AfterReading
from iac_adapters.terraform.cli_engine import plan_by_cli, verdicts
from iac_adapters.terraform.cli_followers import Followers
from iac_adapters.terraform.following import referred
from iac_adapters.terraform.observation import Wanted, objects_of
from iac_adapters.terraform.rearranged import with_rearrangement
from iac_adapters.terraform.snapshots import Payload
from reconciler.domain.model import Observed, ResourceAddress, Verdict


async def observed_by_plan(
    payload: Payload, wanted: Wanted, *, digester: SecretDigester
) -> AsyncGenerator[Observed, None]:
    """Yield the verdicts of the whole plan in `payload`, and at last what they do not show."""
    plan = payload.plan
    assert plan is not None  # noqa: S101 - made together
    resources = payload.stack.resources
    seen = {
        verdict.address: verdict.verdict
        for verdict in verdicts(plan, list(resources.values()), digester=digester)
    }
    tied = await _tied(payload, seen, digester=digester) if plan.content is not None else {}
    after = AfterReading(payload.stack, wanted, actions=plan.actions())
    for resource in objects_of(payload.stack, wanted):
        address = resource.recorded.address
        verdict = tied.get(address) or with_rearrangement(seen[address], resource)
        after.take_in(Observed(address, verdict), resource)
        seen[address] = verdict
    hidden = {observed.address: observed for observed in after.unshown(())}
    for resource in objects_of(payload.stack, wanted):
        address = resource.recorded.address
        yield hidden.pop(address, Observed(address, seen[address]))
    for observed in hidden.values():
        yield observed


async def _tied(
    payload: Payload, seen: Mapping[ResourceAddress, Verdict], *, digester: SecretDigester
) -> dict[ResourceAddress, Verdict]:
    """Return the verdicts that follow from a moved object, each tied to it.

    Where no plan of the code alone can be made they stay what the whole plan says.
    """
    plan = payload.plan.content if payload.plan is not None else None
    followers = Followers(payload.stack, plan or {}, seen, digester)
    moved = followers.moved()
    below = followers.below(moved)
    if not below:
        return {}
    below = followers.below(await referred(payload.context, moved))
    if not below:
        return {}
    code = await plan_by_cli(payload.context, refresh=False)
    return followers.tied(below, code.content) if code.content is not None else {}
