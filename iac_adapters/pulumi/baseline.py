"""What the last update left: our own memory of it, which no refresh by others overwrites.

`pulumi refresh` writes what it finds into the record, inputs included, and from then on the
CLI takes the drift for wanted. So the inputs and outputs of each resource are remembered as
an update left them, and kept while the record changes by refreshing alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgpack

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.checkpoint import Checkpoint, StateResource
from iac_adapters.pulumi.evaluation import Evaluation, Step
from iac_adapters.pulumi.loaded import Recorded
from iac_adapters.pulumi.values import visible
from iac_adapters.sealed_files import SealedFiles

_FORMAT: Final = 1
_MOST: Final = 10_000
_MOST_BYTES: Final = 2**30


@dataclass(frozen=True, slots=True, repr=False)
class Baseline:
    """Resources by URN, as of the operation written at `mark_ns`."""

    resources: Mapping[str, Recorded]
    state_digest: str = ""
    mark_ns: int = 0
    types: Mapping[str, str] = field(default_factory=dict)


class Baselines:
    """One baseline per stack, encrypted; losing one costs sight of what was adopted before."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._files = SealedFiles(
            folder,
            key=key,
            purpose="trueup pulumi baseline",
            suffix=".baseline",
            most=_MOST,
            most_bytes=_MOST_BYTES,
        )

    def load(self, place: Place) -> Baseline | None:
        """Return what is remembered of the stack; None when nothing is."""
        content = self._files.load(stack_key(place))
        if content is None:
            return None
        try:
            kept = msgpack.unpackb(content)
            if kept["format"] != _FORMAT:
                return None
            return Baseline(
                {urn: Recorded(*fields) for urn, fields in kept["resources"].items()},
                kept["state_digest"],
                kept["mark_ns"],
                kept["types"],
            )
        except (ValueError, TypeError, KeyError):
            return None

    def store(self, place: Place, baseline: Baseline) -> None:
        """Remember `baseline` in place of what was remembered of the stack."""
        self._files.store(stack_key(place), _packed(baseline))


def baseline_of(checkpoint: Checkpoint, *, state_digest: str = "", mark_ns: int = 0) -> Baseline:
    """Return the baseline that an update leaves with `checkpoint`."""
    kept = [resource for resource in checkpoint.resources if _counts(resource)]
    return Baseline(
        resources={resource.urn: recorded_of(resource) for resource in kept},
        state_digest=state_digest,
        mark_ns=mark_ns,
        types={resource.urn: resource.type for resource in kept},
    )


def recorded_of(resource: StateResource) -> Recorded:
    """Return what the record itself says was left."""
    return Recorded(resource.id, resource.inputs, resource.outputs, resource.provider)


def carried_on(
    known: Baseline,
    now: Baseline,
    *,
    refreshed_only: bool,
    evaluation: Evaluation | None,
    in_vain: bool = False,
    written: Collection[str] = (),
) -> Baseline:
    """Return the baseline after the record changed from `known` to `now`.

    A refresh changes nothing of it, not even by dropping what it found gone. An update does,
    but for a resource whose code still asks for exactly what was remembered and whose record
    differs from that: there somebody adopted drift, and nothing has put it right. What an
    update itself has `written` is no adopted drift: it was applied, from whatever checkout, and
    the code here may be older. Where all that was done were corrections of ours, `in_vain`,
    what the record has lost was found gone, and what it holds in place of a recorded input was
    read, whatever the code says since.
    """
    kept = dict(known.resources) if refreshed_only else {}
    types = dict(known.types) if refreshed_only else {}
    for urn, found in now.resources.items():
        before = known.resources.get(urn)
        stays = before is not None and (
            (refreshed_only and before.id == found.id)
            or _adopted(urn, before, found, evaluation, written=urn in written)
            or (in_vain and _left_as_read(urn, before, found, evaluation))
        )
        kept[urn] = before if stays and before is not None else found
        types[urn] = now.types[urn]
    if in_vain:
        gone = {urn: resource for urn, resource in known.resources.items() if urn not in kept}
        wanted = {urn: recorded for urn, recorded in gone.items() if _wanted(urn, evaluation)}
        kept |= wanted
        types |= {urn: known.types[urn] for urn in wanted}
    return Baseline(kept, now.state_digest, now.mark_ns, types)


def _left_as_read(
    urn: str, before: Recorded, found: Recorded, evaluation: Evaluation | None
) -> bool:
    """Whether a correction that failed has left what its refresh read, and not put it right."""
    planned = evaluation.of(urn) if evaluation is not None else None
    if before.id != found.id or (planned is not None and planned.step is Step.SAME):
        return False
    if visible(found.inputs) != visible(before.inputs):
        return True
    return _reads_otherwise(before, found)


def _reads_otherwise(before: Recorded, found: Recorded) -> bool:
    """Whether an input that was written as it was asked for reads as something else now."""
    return any(
        before.outputs.get(name) == asked != found.outputs.get(name)
        for name, asked in before.inputs.items()
    )


def _wanted(urn: str, evaluation: Evaluation | None) -> bool:
    """Whether the code still asks for what was remembered, and nothing records it.

    It may ask for other values since: then the object is missing, and from both sides.
    """
    planned = evaluation.planned.get(urn) if evaluation is not None else None
    return planned is not None and planned.step is Step.CREATE


def written_by(before: Baseline, after: Baseline) -> frozenset[str]:
    """Return the URNs whose inputs an operation recorded otherwise than it had found them."""
    return frozenset(
        urn
        for urn, found in after.resources.items()
        if (known := before.resources.get(urn)) is None
        or visible(known.inputs) != visible(found.inputs)
    )


def _adopted(
    urn: str, before: Recorded, found: Recorded, evaluation: Evaluation | None, *, written: bool
) -> bool:
    planned = evaluation.of(urn) if evaluation is not None else None
    if planned is None or before.id != found.id:
        return False
    if dict(planned.inputs(found.inputs)) != dict(before.inputs):
        return False
    if planned.step is Step.SAME:
        # Without a diff() of its provider an update leaves what it has read as it is.
        return _reads_otherwise(before, found)
    return planned.step is Step.UPDATE and before != found and not written


def _counts(resource: StateResource) -> bool:
    return resource.custom and not resource.is_provider and not resource.content.get("delete")


def stack_key(place: Place) -> str:
    """Return a name for what is kept of a stack, fit for a file."""
    text = f"{place.identity}\0{place.project}\0{place.stack}"
    return hashlib.sha256(text.encode()).hexdigest()


def _packed(baseline: Baseline) -> bytes:
    content: dict[str, Any] = {
        "format": _FORMAT,
        "state_digest": baseline.state_digest,
        "mark_ns": baseline.mark_ns,
        "types": dict(baseline.types),
        "resources": {
            urn: [resource.id, dict(resource.inputs), dict(resource.outputs), resource.provider]
            for urn, resource in baseline.resources.items()
        },
    }
    packed: bytes = msgpack.packb(content)
    return packed
