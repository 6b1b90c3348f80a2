"""Addresses whose recorded content alone does not tell them apart.

Two addresses may own one object, and two aliases may hold objects equal to the last
byte. What the wire says of them is then known, but not of which. A plan that targets
one address says it: there is no other in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.recorder.capture import ConnectionCapture, PlanCall
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.state import StateInstance

_Question = tuple[str, str, bytes]


def indistinct(
    captures: Iterable[ConnectionCapture], instances: Iterable[StateInstance]
) -> tuple[str, ...]:
    """Return the addresses that share their content and were planned differently."""
    owners: dict[tuple[str, str, bytes], list[str]] = defaultdict(list)
    for instance in instances:
        if not instance.deposed and instance.attributes_json is not None:
            key = instance.provider.source, instance.type, instance.attributes_json
            owners[key].append(instance.address)
    shared = [addresses for addresses in owners.values() if len(addresses) > 1]
    if not shared:
        return ()
    plans: dict[_Question, set[tuple[bytes | None, bytes]]] = defaultdict(set)
    for capture in captures:
        for call in capture.plans:
            if call.prior == NULL:
                continue
            question = capture.source, call.type_name, content_of(call.prior)
            plans[question].add((capture.configure, call.config))
    contested = {question[:2] for question, answers in plans.items() if len(answers) > 1}
    return tuple(
        sorted(
            address
            for (source, type_name, _), addresses in owners.items()
            if len(addresses) > 1 and (source, type_name) in contested
            for address in addresses
        )
    )


def told_apart(
    captures: Sequence[ConnectionCapture],
    targeted: Iterable[ConnectionCapture],
    instance: StateInstance,
) -> None:
    """Name in `captures` the call that `targeted`, the plan of `instance` alone, has too."""
    for capture in targeted:
        if capture.source != instance.provider.source:
            continue
        for call in capture.plans:
            if call.type_name == instance.type and _name(captures, capture, call, instance):
                return


def _name(
    captures: Sequence[ConnectionCapture],
    targeted: ConnectionCapture,
    call: PlanCall,
    instance: StateInstance,
) -> bool:
    prior = content_of(call.prior)
    for capture in captures:
        if capture.source != targeted.source or capture.configure != targeted.configure:
            continue
        for index, known in enumerate(capture.plans):
            same = known.type_name == call.type_name and known.config == call.config
            if same and known.address is None and content_of(known.prior) == prior:
                capture.plans[index] = replace(known, address=instance.address)
                return True
    return False
