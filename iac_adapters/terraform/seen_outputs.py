"""The verdicts of one scan on the outputs of the root module. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.consequences import Ancestry, Moved
from iac_adapters.terraform.following import Followed
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.outputs import (
    Provenance,
    causes_of,
    output_address,
    output_verdict,
    shown_by_itself,
)
from iac_adapters.terraform.warm import PlanOfTheRead
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
    unread: Mapping[ResourceAddress, ResourceAddress] = MappingProxyType({}),
) -> Iterator[Observed]:
    """Yield what a plan would change of the outputs that are `declared`.

    By the recorded plan, or by that of the world as it was read where a moved object may feed
    one. Each output that the stack holds is answered for, and so are the `unread`: by output the
    object that feeds it and could not be read.
    """
    recorded: dict[ResourceAddress, Verdict] = {
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
    found |= {
        address: Unreadable(f"{feeder}, which feeds it, could not be read")
        for address, feeder in unread.items()
    }
    for address, verdict in sorted(found.items()):
        yield Observed(address, verdict, source=declared.get(address.partition(".")[2]))


def outputs_unread(
    known: PlanOfTheRead | None,
    stack: LoadedStack,
    unreadable: Collection[ResourceAddress],
    *,
    ancestry: Ancestry,
) -> dict[ResourceAddress, ResourceAddress]:
    """Return the outputs that followed a moved object which is `unreadable` now, each with that.

    By the `known` plan of `stack`, the last that was made. Another one would take for the object
    what is recorded, and call the output in sync.
    """
    if known is None or known.stack is not stack:
        return {}
    code = {output.name: output for output in stack.recording.outputs}
    causes = {address: Moved(None, NULL) for address in known.causes.keys() & unreadable}
    return {
        output_address(output.name): cause.address
        for output, cause in causes_of(
            known.outputs, causes, resources=stack.resources, ancestry=ancestry
        )
        if cause is not None and not (output.name in code and code[output.name].same_change(output))
    }


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
