"""Detach the edges of a resource with the CLI itself: a destroy of exactly these targets.

A destroy takes no saved plan. It deletes its targets and nothing else: what depends on one and is
not named is an error of the CLI, and so is a protected target. Nothing is refreshed, so the record
keeps what it holds of the resource that drifted. The way back is an update of the same targets,
which leaves what they depend on as it is recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from iac_adapters.json_lines import object_in
from iac_adapters.pulumi.checkpoint import STACK_TYPE
from iac_adapters.pulumi.evaluation import evaluate_deadline_s
from iac_adapters.pulumi.events import done_in, events_of
from iac_adapters.pulumi.history import CORRECTION
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.plan import unnamed
from iac_adapters.pulumi.planning import PlanOrder, keep_job, refuse_locked, refuse_pending
from iac_adapters.pulumi.redaction import secret_words, secrets_of
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.edge_references import Node
from reconciler.domain.errors import PermanentError
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.paths import render_path
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.spelling import spellings
from reconciler.domain.values import Value, texts_in

_IDS: Final = ("arn", "selfLink")
_NAMES: Final = ("name", "privateIp")
_NOT_REFRESHING: Final = "--refresh=false"
_UNTOUCHED: Final = frozenset({"same", "refresh", "read"})


def nodes_of(resources: Mapping[ResourceAddress, LoadedResource]) -> Iterator[Node]:
    """Yield what the search for edges knows of each recorded resource.

    The texts are recorded values and do not leave the adapter.
    """
    for address, resource in resources.items():
        state, recorded = resource.state, resource.recorded
        if state is None or recorded is None or not state.custom:
            continue
        values = {**visible(recorded.inputs), **visible(recorded.outputs)}
        ids = {state.id, *(text for name in _IDS for text in texts_in(values.get(name)) if text)}
        yield Node(
            address,
            state.type,
            ids=frozenset(ids - {""}),
            names=frozenset(text for name in _NAMES for text in texts_in(values.get(name)) if text),
            refers={
                spellings(name)[-1]: frozenset(filter(None, texts_in(held)))
                for name, held in values.items()
            },
            dependencies=frozenset(resource.recorded_as.dependencies),
        )


async def detaching_plan(
    order: PlanOrder,
    edges: Collection[ResourceAddress],
    *,
    stack: StackName,
    digester: SecretDigester,
    tools: str,
) -> Plan:
    """Keep the job that destroys exactly `edges`, and return what a preview says it would do.

    Raises:
        RetryableError: somebody holds the stack, or a backend did not answer.
        PermanentError: an interrupted update has to be looked after first, or one of `edges` is
            protected, would stay, or has dependents.
    """
    refuse_pending(order.context)
    refuse_locked(order.context.locks, order.context.place.label)
    for address in sorted(edges):
        _refuse_kept(order, address)
    cli = order.context.cli
    targets = [f"--target={address}" for address in sorted(edges)]
    run = await cli.run(
        "destroy", "--preview-only", _NOT_REFRESHING, "--json", *targets,
        timeout_s=evaluate_deadline_s(cli.environment),
    )  # fmt: skip
    if run.exit_code != 0:
        raise cli.failure(run, "the edges cannot be detached")
    command = cli.arguments("destroy", "--yes", "--skip-preview", _NOT_REFRESHING, "--json")
    words = order.context.redactor.words.union(
        *(
            secret_words(resource.recorded.inputs)
            for resource in order.resources.values()
            if resource.recorded
        )
    )
    await keep_job(order, [*command, f"--message={CORRECTION}", *targets], words)
    steps = dict(steps_in(run.stdout))
    resources = tuple(
        _planned(address, op, order.resources.get(address), digester, tools)
        for address, op in sorted(steps.items())
    )
    return Plan(stack=stack, targets=tuple(sorted(edges)), resources=resources)


def _refuse_kept(order: PlanOrder, address: ResourceAddress) -> None:
    resource = order.resources.get(address)
    if resource is None or resource.state is None:
        raise PermanentError(
            f"{address}: the record does not hold it any more",
            remedy="scan the stack again; what is gone connects nothing",
        )
    if resource.state.content.get("retainOnDelete"):
        raise PermanentError(
            f"{address}: the program retains it on deletion, so destroying it detaches nothing",
            remedy="detach it by hand, or take `retainOnDelete` off it",
        )


def steps_in(output: bytes) -> Iterator[tuple[ResourceAddress, str]]:
    """Yield each resource that the preview would touch, and how.

    The CLI prints the events, or without a stream of them one document of all steps.
    """
    events = [done for event in events_of(output) if (done := done_in(event)) is not None]
    if not events and (whole := object_in(output)) is not None:
        found = [(str(step["urn"]), str(step["op"])) for step in whole.get("steps") or ()]
    else:
        found = [(done.urn, done.op) for done in events if done.type != STACK_TYPE]
    for urn, op in found:
        if op not in _UNTOUCHED:
            yield ResourceAddress(urn), op


def _planned(
    address: ResourceAddress,
    op: str,
    resource: LoadedResource | None,
    digester: SecretDigester,
    tools: str,
) -> PlannedResource:
    inputs = resource.recorded.inputs if resource is not None and resource.recorded else {}
    held: Value = {"inputs": [*sorted(inputs)], "tools": tools}
    return PlannedResource(
        address,
        resource.state.type if resource is not None and resource.state is not None else "",
        Action.DELETE if op == "delete" else Action.OTHER,
        tuple(_held(resource, inputs, digester)),
        seal=value_digest(held, key=digester.key),
    )


def _held(
    resource: LoadedResource | None, inputs: RawProperties, digester: SecretDigester
) -> Iterator[PlannedChange]:
    if resource is None or resource.recorded is None or resource.state is None:
        return
    sides = (inputs, resource.recorded.outputs)
    secrets = secrets_of(sides, resource.state.secret_outputs).with_words_of(map(visible, sides))
    # As the plan of the way back says it: that rolls the end of a name that Pulumi gives anew.
    kept = unnamed(inputs, resource.state.urn)
    for name, value in sorted(visible(kept).items()):
        redacted, _ = secrets.redacted(value, (name,), digester)
        yield PlannedChange(render_path((name,)), redacted, None)
