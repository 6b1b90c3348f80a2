"""Read one resource through its provider and say what the difference means.

Reading and judging never write: ReadResource and PlanResourceChange are the only calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from iac_adapters.plugin_host.provider_errors import Cause
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.asked import asked_of, with_unapplied
from iac_adapters.terraform.ignored import apply_ignored, null_write_only, revert_ignored
from iac_adapters.terraform.judge import TAINTED, judge
from iac_adapters.terraform.loaded import LEFT_OUT, LoadedResource
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.outputs import STOPPED
from iac_adapters.terraform.plan_check import is_brought_about
from iac_adapters.terraform.proposed import proposed_new
from iac_adapters.terraform.provider import PlanAnswer, Provider, ProviderError
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.values import decode, encode
from reconciler.domain.compare import align, aligned_paths, value_at
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Origin,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Attributes

_LEAVING: Final = {
    Status.DEPOSED: "to be deleted, and already gone",
    Status.NOT_DECLARED: "to be deleted, and already gone",
    Status.FORGOTTEN: "to be taken out of the state, and already gone",
}


@dataclass(frozen=True, slots=True)
class LiveState:
    """What a read answered: the state's bytes (nil when gone) and the provider's private data."""

    state: bytes
    private: bytes = field(compare=False)

    @property
    def gone(self) -> bool:
        """Whether the provider says that the object does not exist."""
        return self.state == NULL


async def read(resource: LoadedResource, provider: Provider, *, deadline_s: float) -> LiveState:
    """Ask the provider for the live object. Raises what `Provider.read` raises."""
    wire = resource.wire
    assert wire is not None  # noqa: S101 - callers check
    answer = await provider.read(
        wire.type_name,
        wire.upgraded,
        resource.private,
        provider_meta=wire.provider_meta or None,
        timeout_s=deadline_s,
    )
    return LiveState(answer.state, answer.private)


def settled(resource: LoadedResource) -> Verdict | None:
    """Return the verdict that needs no read, or None when the object must be read."""
    if resource.left_out:
        return NotApplicable(LEFT_OUT)
    if resource.stopped or resource.unread:
        return Unreadable(resource.unread or STOPPED)
    status = resource.recorded.status
    if status is Status.NOT_CREATED:
        return Missing(resource.baseline.gone if resource.baseline else Origin.UNAPPLIED)
    if status is Status.NOT_APPLICABLE:
        return _built_in(resource)
    if status is Status.FORGOTTEN and not _is_read_before_it_leaves(resource):
        return InSync()
    if status is Status.NOT_IMPORTED and resource.wire is None and not resource.recorded.note:
        return InSync()
    if resource.wire is None and resource.rearranged and resource.recorded.moves_to:
        # Moved to another type: what was recorded is told by no provider of the new one.
        return InSync()
    if resource.wire is None or resource.provider is None:
        return Unreadable(resource.recorded.note or "the recording of the plan did not show it")
    return None


def _is_read_before_it_leaves(resource: LoadedResource) -> bool:
    """Whether the tool looks at what it takes out of the state: OpenTofu does."""
    is_readable = resource.wire is not None and resource.provider is not None
    return is_readable and resource.read_when_forgotten


def _built_in(resource: LoadedResource) -> Verdict:
    match resource.planned_action:
        case "delete":
            return Unmanaged()
        case "update" | "replace":
            return Drifted(
                (),
                requires_replace=resource.planned_action == "replace",
                reason="the code has a change for it that is not applied",
                origin=Origin.UNAPPLIED,
            )
        case _:
            return NotApplicable("built into the tool: there is no remote object")


def without_plan(resource: LoadedResource, live: LiveState) -> Verdict | None:
    """Judge what needs no provider: gone, byte-equal, or not to be judged at all."""
    status = resource.recorded.status
    assert resource.wire is not None  # noqa: S101 - settled() has answered otherwise
    if live.gone and status is Status.NOT_IMPORTED:
        return Unreadable("the object that the code imports does not exist")
    if live.gone:
        # A tainted object is replaced anyway; that the code asks for it says nothing of the code.
        asked = bool(resource.planned_action) and status is not Status.TAINTED
        return _gone(status, edited=resource.read_as_recorded or asked)
    match status:
        case Status.DEPOSED | Status.NOT_DECLARED:
            return Unmanaged()
        case Status.TAINTED:
            return _tainted(InSync()) if live.state == resource.wire.upgraded else None
        case Status.LIVE:
            if live.state == resource.wire.upgraded and resource.planned_action is None:
                # The code may delete it, as what is counted: a plan has not come to say so.
                return Unreadable(STOPPED) if resource.unevaluated else InSync()
            return None
        case Status.NOT_IMPORTED:
            return None
        case Status.FORGOTTEN:
            return InSync()
        case Status.NOT_APPLICABLE | Status.NOT_CREATED:
            raise AssertionError(status)  # settled() has answered otherwise
        case _:
            assert_never(status)


def _tainted(verdict: Verdict) -> Verdict:
    noise = verdict.items if isinstance(verdict, Noise) else ()
    own = verdict if isinstance(verdict, Drifted) else Drifted((), noise=noise)
    return replace(own, requires_replace=True, reason=TAINTED)


def _gone(status: Status, *, edited: bool) -> Verdict:
    if status in _LEAVING:
        return Noise((NoiseItem(AttributePath(""), _LEAVING[status]),))
    # What would be created is the code's object where the code says, not what was deleted.
    return Missing(Origin.BOTH if edited else Origin.OUT_OF_BAND)


async def judge_by_plan(
    resource: LoadedResource,
    live: LiveState,
    provider: Provider,
    *,
    digester: SecretDigester,
    deadline_s: float,
) -> Verdict:
    """Let the provider plan the live object against the recorded configuration."""
    if resource.recorded.status is Status.TAINTED:
        return _tainted(_by_record(resource, live, digester))
    if resource.unevaluated:
        verdict = _by_record(resource, live, digester)
        return verdict if isinstance(verdict, Drifted) else Unreadable(STOPPED)
    question = _question(resource, live)
    if question is None:
        return Unreadable("the recording holds no configuration for it")
    try:
        answer = await provider.plan(
            question.type_name,
            # Written by the same hand as the proposed one, as core does: a provider that compares
            # the bytes of dynamic values would else see a change.
            prior=encode(question.live, question.schema),
            proposed=encode(question.proposed, question.schema),
            config=encode(question.config, question.schema),
            private=live.private,
            provider_meta=question.provider_meta,
            timeout_s=deadline_s,
        )
    except ProviderError as error:
        if error.cause is not Cause.OTHER or not _moved(question):
            raise
        return _without_answer(resource, question, error, digester)
    return _verdict(resource, question, answer, digester)


def _by_record(resource: LoadedResource, live: LiveState, digester: SecretDigester) -> Verdict:
    """Judge by what was recorded: a tainted object, in whose place its provider plans a new one.

    So is one whose code cannot be evaluated: `plan -refresh-only` compares no more than that.
    """
    wire = resource.wire
    assert wire is not None and resource.schema is not None  # noqa: S101, PT018 - callers check
    schema = resource.schema.resource(wire.type_name)
    if schema is None:
        return InSync()
    recorded, now = decode(wire.upgraded, schema), decode(live.state, schema)
    if recorded is None or now is None:
        return InSync()
    # A creation that failed half-way recorded nothing of what its provider would have chosen.
    computed = {
        name: value
        for name, value in now.items()
        if schema.is_computed_alone((name,))
        or (recorded.get(name) is None and schema.is_computed((name,)))
    }
    return judge(
        schema,
        planned={**recorded, **computed},
        live=now,
        recorded=recorded,
        config=dict.fromkeys(recorded),
        ignored=resource.ignored,
        requires_replace=(),
        digester=digester,
        sensitive_paths=resource.secret_paths,
    )


def came_about(resource: LoadedResource, live: LiveState) -> bool:
    """Whether somebody has moved `live` wherever the code asks for a change of it."""
    asked = asked_of(resource)
    values = decode(live.state, asked.schema) if asked is not None else None
    return asked is not None and values is not None and is_brought_about(asked, values)


def _moved(question: _Question) -> bool:
    """Whether somebody changed what the code may decide."""
    schema = question.schema
    live, recorded = align((question.live, question.recorded), schema.is_set)
    return any(
        not (is_empty(value_at(live, path)) and is_empty(value_at(recorded, path)))
        and not schema.is_computed_alone(path)
        for path in aligned_paths(live, recorded, schema.is_set)
    )


def _without_answer(
    resource: LoadedResource, question: _Question, error: ProviderError, digester: SecretDigester
) -> Verdict:
    """Judge what the provider refuses to plan by what was recorded: that much is known."""
    verdict = judge(
        question.schema,
        planned=question.recorded,
        live=question.live,
        recorded=question.recorded,
        config=question.config,
        ignored=resource.ignored,
        requires_replace=(),
        digester=digester,
        sensitive_paths=resource.secret_paths,
        applied=resource.planned_action is None,
    )
    if not isinstance(verdict, Drifted):
        raise error
    # What its provider would change along with that, nobody knows.
    reason = f"its provider cannot plan it as it is now: {error}"
    return replace(verdict, consequences=(), reason=reason)


@dataclass(frozen=True, slots=True, repr=False)
class _Question:
    type_name: str
    schema: ResourceSchema
    live: Attributes
    recorded: Attributes
    config: Attributes
    proposed: Attributes
    provider_meta: bytes | None


def _question(resource: LoadedResource, live: LiveState) -> _Question | None:
    wire = resource.wire
    assert wire is not None and resource.schema is not None  # noqa: S101, PT018 - callers check
    schema = resource.schema.resource(wire.type_name)
    if schema is None or wire.config is None:
        return None
    live_values = decode(live.state, schema)
    recorded = decode(wire.upgraded, schema)
    config = _configuration(resource, schema, recorded)
    if live_values is None or recorded is None or config is None:
        return None
    config = apply_ignored(schema, config, live_values, resource.ignored)
    config = null_write_only(schema, config)
    return _Question(
        type_name=wire.type_name,
        schema=schema,
        live=live_values,
        recorded=_recorded(resource, schema, live_values) or recorded,
        config=config,
        proposed=proposed_new(schema, live_values, config),
        provider_meta=wire.provider_meta or None,
    )


def _recorded(
    resource: LoadedResource, schema: ResourceSchema, live: Attributes
) -> Attributes | None:
    """Return what the last good apply recorded, where the state holds something else.

    Of what is not imported yet nothing is: whatever the code changes there, nobody else did.
    """
    if resource.recorded.status is Status.NOT_IMPORTED:
        return live
    return decode(resource.baseline.state, schema) if resource.baseline is not None else None


def _configuration(
    resource: LoadedResource, schema: ResourceSchema, recorded: Attributes | None
) -> Attributes | None:
    """Return the configuration before `ignore_changes`, which core would plan with.

    What core sent to the plan has the *recorded* value in each ignored path. Of the
    validated configurations, the resource's own is the one that becomes the planned one
    when those paths are filled.
    """
    wire = resource.wire
    assert wire is not None and wire.config is not None  # noqa: S101, PT018 - callers check
    planned = decode(wire.config, schema)
    if planned is None or recorded is None or resource.ignored.nothing:
        return planned
    for candidate in wire.validated:
        values = decode(candidate, schema)
        if values is None:
            continue
        filled = apply_ignored(schema, values, recorded, resource.ignored)
        if encode(filled, schema) == encode(planned, schema):
            return values
    return planned


def _verdict(
    resource: LoadedResource, question: _Question, answer: PlanAnswer, digester: SecretDigester
) -> Verdict:
    planned = decode(answer.state, question.schema)
    if planned is None:
        return Unmanaged()
    if answer.legacy_types:
        planned = revert_ignored(question.schema, planned, question.live, resource.ignored)
    verdict = judge(
        question.schema,
        planned=planned,
        live=question.live,
        recorded=question.recorded,
        config=question.config,
        ignored=resource.ignored,
        requires_replace=answer.requires_replace,
        digester=digester,
        sensitive_paths=resource.secret_paths,
        applied=resource.planned_action is None,
    )
    return with_unapplied(verdict, resource, question.live, digester=digester)
