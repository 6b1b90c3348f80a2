"""What a line of a run's log means: to a person who watches, and to the record.

The log is what `update_job` makes of the engine's events: steps without values, messages
without secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from iac_adapters.json_lines import object_in
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, STACK_TYPE
from iac_adapters.pulumi.events import Done, done_in, said_in
from iac_adapters.pulumi.update_job import NOT_STARTED
from reconciler.domain.model import ResourceAddress
from reconciler.ports import Progress, Step

_STEPS: Final = {
    "create": Step.CREATING,
    "create-replacement": Step.CREATING,
    "update": Step.UPDATING,
    "delete": Step.DELETING,
    "delete-replaced": Step.DELETING,
    "import": Step.CREATING,
}
_DOING: Final = {
    Step.CREATING: "creating",
    Step.UPDATING: "updating",
    Step.DELETING: "deleting",
}
_DONE: Final = {Step.CREATING: "created", Step.UPDATING: "updated", Step.DELETING: "deleted"}
_RESULTS: Final = ("succeeded", "failed")
_SHOWN_CHARACTERS: Final = 300


def changing(step: Done) -> Step | None:
    """Return what is done to a resource's object; None for steps that change none."""
    if step.type == STACK_TYPE or step.type.startswith(PROVIDER_TYPES):
        return None
    return _STEPS.get(step.op)


def progress_of(line: bytes) -> Progress | None:
    """Return what one line means to a person; None when it is of no interest."""
    event = object_in(line)
    if event is None:
        text = line.decode(errors="replace").strip()
        return Progress(text) if text.startswith(NOT_STARTED) else None
    if (step := done_in(event)) is not None:
        return _of_step(step)
    said = said_in(event)
    if said is not None and said.severity == "error":
        where = f"{_short(said.urn)}: " if said.urn else ""
        return Progress(f"error: {where}{said.text.partition(chr(10))[0]}"[:_SHOWN_CHARACTERS])
    result = result_in(event)
    return Progress(f"the update {result}") if result is not None else None


def result_in(event: Mapping[str, Any]) -> str | None:
    """Return `succeeded`, `failed` or `ended` when the event says that an update is over."""
    content = event.get("summaryEvent")
    if not isinstance(content, dict):
        return None
    return content["result"] if content.get("result") in _RESULTS else "ended"


def _of_step(step: Done) -> Progress | None:
    doing = changing(step)
    if doing is None:
        return None
    address, name = ResourceAddress(step.urn), _short(step.urn)
    match step.stage:
        case "pre":
            return Progress(f"{name}: {_DOING[doing]}", address, doing)
        case "outputs":
            return Progress(f"{name}: {_DONE[doing]}", address, Step.DONE)
        case _:
            return Progress(f"{name}: failed while {_DOING[doing]}", address, Step.FAILED)


def _short(urn: str) -> str:
    return "::".join(urn.split("::")[-2:]).rpartition("$")[2] or urn
