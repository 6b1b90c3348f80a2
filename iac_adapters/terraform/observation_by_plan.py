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
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs
from iac_adapters.terraform.snapshots import Payload
from reconciler.domain.model import Drifted, Observed, ResourceAddress, Verdict


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
    outputs = payload.stack.recording.outputs
    hidden = {observed.address: observed for observed in after.unshown((), outputs=outputs)}
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
    if not moved or not (followers.below(moved) or payload.stack.recording.outputs):
        return {}
    causes = await referred(payload.context, moved)
    below = followers.below(causes)
    if not below and not followers.fed(causes):
        return {}
    context = payload.context
    code = await plan_by_cli(context, refresh=False)
    if code.content is None:
        return {}
    outputs = await changed_outputs(code.content, context.source.files, place=context.directory)
    tied = followers.tied(below, code.content)
    # What only follows is no cause: an output that it feeds follows what it follows.
    moved = {
        address: cause for address, cause in causes.items() if not _only_follows(tied, address)
    }
    return tied | followers.tied_outputs(followers.fed(moved), outputs)


def _only_follows(tied: Mapping[ResourceAddress, Verdict], address: ResourceAddress) -> bool:
    verdict = tied.get(address)
    return isinstance(verdict, Drifted) and verdict.follows is not None
