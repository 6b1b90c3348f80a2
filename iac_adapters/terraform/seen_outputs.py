"""The verdicts of one scan on the outputs of the root module. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.consequences import Ancestry
from iac_adapters.terraform.following import Followed
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.outputs import (
    Provenance,
    causes_of,
    output_address,
    output_verdict,
    shown_by_itself,
)
from reconciler.domain.model import (
    InSync,
    Observed,
    ResourceAddress,
    SourcePosition,
    Unreadable,
    Verdict,
)


def seen_outputs(
    stack: LoadedStack,
    followed: Followed,
    *,
    declared: Mapping[str, SourcePosition],
    ancestry: Ancestry,
    digester: SecretDigester,
) -> Iterator[Observed]:
    """Yield what a plan would change of the outputs that are `declared`.

    By the recorded plan, or by that of the world as it was read where a moved object may feed
    one. Each output that the stack holds is answered for.
    """
    recorded = {
        address: output_verdict(resource.output, digester=digester)
        for address, resource in stack.resources.items()
        if resource.output is not None
    }
    found = recorded
    if followed.failure:
        reason = f"what may feed it has moved, and no plan can be made: {followed.failure}"
        untold: dict[ResourceAddress, Verdict] = {
            output_address(name): Unreadable(reason) for name in declared
        }
        found = untold | recorded
    elif followed.outputs is not None:
        silent: dict[ResourceAddress, Verdict] = dict.fromkeys(recorded, InSync())
        found = silent | dict(_planned(stack, followed, ancestry=ancestry, digester=digester))
    for address, verdict in sorted(found.items()):
        yield Observed(address, verdict, source=declared.get(address.partition(".")[2]))


def _planned(
    stack: LoadedStack, followed: Followed, *, ancestry: Ancestry, digester: SecretDigester
) -> Iterator[tuple[ResourceAddress, Verdict]]:
    code = {output.name: output for output in stack.recording.outputs}
    shown = [
        output for output in followed.outputs or () if shown_by_itself(output, followed.changing)
    ]
    for output, cause in causes_of(
        shown, followed.causes, resources=stack.resources, ancestry=ancestry
    ):
        provenance = Provenance(code.get(output.name), cause)
        yield (
            output_address(output.name),
            output_verdict(output, digester=digester, provenance=provenance),
        )
