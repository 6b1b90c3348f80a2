"""Conditions that stop a plan, and how the code is evaluated all the same.

A failing `precondition` or `postcondition` ends a plan with an error, and what stands behind it
is never planned. In `plan -refresh-only` it is a warning, and so it is while a `plan -destroy`
looks at what there is: that evaluates every resource before it plans any deletion.
Source: `checkRuleSeverity` and `preDestroyRefresh` in internal/terraform of Terraform 1.11;
OpenTofu kept both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from iac_adapters.terraform.diagnostics_text import ERROR, Diagnostic
from iac_adapters.terraform.messages import NULL, message
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import Validation
from iac_adapters.terraform.recorder.capture import ConnectionCapture, DataRead
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.data_answers import DataAnswers
from iac_adapters.terraform.recorder.planned_outputs import untold_output
from iac_adapters.terraform.recorder.planned_secrets import EVERYTHING
from iac_adapters.terraform.recorder.recording import Recording
from iac_adapters.terraform.stopped_plans import told, told_of_condition

SUMMARIES: Final = frozenset(
    {
        "Resource precondition failed",
        "Resource postcondition failed",
        "Module output value precondition failed",
    }
)
CHECKS: Final = frozenset({"Check block assertion failed"})
EVALUATING: Final = "-destroy"
"""The mode of a plan that evaluates everything first. It is never applied."""
LOOKING: Final = "-refresh-only"
"""The mode of a plan that evaluates no resource, and comes to each."""


class AsRecorded:
    """Implements `tunnel.Answers`: every object of the state reads as it is recorded.

    Data sources answer as they have in `data_reads`, as long as all connections are configured
    with `configure`: another region answers the same request in another way.
    """

    validation = Validation.NONE

    def __init__(self, data_reads: Iterable[DataRead], *, configure: bytes | None) -> None:
        self._states: set[bytes] = set()
        self._configure = configure
        self._data = DataAnswers(data_reads)

    def known(self, rpc: Rpc | None, request: bytes) -> bytes | None:
        """Return what is recorded; an object that is imported is in no state, and is read."""
        if rpc is Rpc.READ_DATA:
            return self._data.to(request)
        if rpc is not Rpc.READ:
            return None
        asked = message("ReadRequest").FromString(request)
        if content_of(asked.current_state.msgpack) not in self._states:
            return None
        answer = message("ReadResponse")(private=asked.private, new_identity=asked.current_identity)
        answer.new_state.msgpack = asked.current_state.msgpack
        return bytes(answer.SerializeToString())

    async def configured(self, source: str, request: bytes) -> Provider | None:
        """Return nothing: each connection configures a provider of its own."""
        del source, request
        return None

    def tolerated(self, rpc: Rpc | None, request: bytes, response: bytes) -> bytes:
        """Return `response`, having noted what state it gives, and whom it configures."""
        if rpc is Rpc.CONFIGURE and request != self._configure:
            self._data.forget()
        if rpc is Rpc.UPGRADE_STATE:
            answered = message("UpgradeStateResponse").FromString(response)
            self._states.add(content_of(answered.upgraded_state.msgpack))
        return response


def as_recorded(captures: Iterable[ConnectionCapture], source: str) -> AsRecorded:
    """Return what answers for the provider `source` as it has answered in `captures`."""
    own = [capture for capture in captures if capture.source == source]
    configured = {capture.configure for capture in own}
    if len(configured) != 1:
        return AsRecorded((), configure=None)
    reads = (read for capture in own for read in capture.data_reads)
    return AsRecorded(reads, configure=configured.pop())


def failed_conditions(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return a warning for each condition that failed, in the words of its author."""
    failed = (d for d in diagnostics if d.severity == ERROR and d.summary in SUMMARIES)
    # The tool evaluates side by side; what is doubted is told in the same words at each scan.
    return tuple(sorted({told_of_condition(one) for one in failed}))


def failed_checks(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return a warning for each assertion of a `check` block that failed, as the tool warns."""
    failed = (d for d in diagnostics if d.summary in CHECKS)
    return tuple(sorted({told(one) for one in failed}))


def without_deletions(captures: Iterable[ConnectionCapture]) -> None:
    """Drop from `captures` the deletion of each object that was planned before it."""
    for capture in captures:
        planned = defaultdict(list)
        for call in capture.plans:
            planned[call.type_name, content_of(call.prior)].append(call)
        capture.plans = [
            call
            for calls in planned.values()
            for call in calls
            if call.config != NULL or all(other.config == NULL for other in calls)
        ]


def with_stopped(recording: Recording, *, untold: Iterable[str]) -> Recording:
    """Return `recording` with the updates that no plan could announce.

    Nothing tells what of their values is secret, so all of it counts as secret. `untold` are the
    outputs that no plan came to.
    """
    outputs = (*recording.outputs, *map(untold_output, sorted(untold)))
    recording = replace(recording, outputs=outputs)
    stopped = {
        instance.address
        for instance in recording.instances.values()
        if instance.planned and recording.action(instance.address) is None
    }
    if not stopped:
        return recording
    actions: Mapping[str, str] = {**recording.actions, **dict.fromkeys(stopped, "update")}
    secrets = {**recording.secrets, **dict.fromkeys(stopped, EVERYTHING)}
    return replace(recording, actions=actions, secrets=secrets)
