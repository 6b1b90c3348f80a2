from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.domain.edges import Edge
from reconciler.domain.guardrails import Guardrails
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import RemediationId
from reconciler.domain.scripts import PlannedScript, ScriptRule, isolation_by
from reconciler.domain.values import UNKNOWN
from reconciler.engine.admission.answers import Hold, NeedsApproval, Open
from reconciler.engine.admission.guards.quarantine import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import NOW, SHOP, A, B, Case, approval, plan, planned
from tests.unit.engine.admission.situations import situation as made

QUARANTINE = {"action_type": ActionType.QUARANTINE}
APPROVED = {**QUARANTINE, "approvals": (approval(),)}
DETACH = "driver detach: what connects it is destroyed, and created again on release"
ASKS = NeedsApproval(f"it isolates thing.a until it is released, for 4 h at most; {DETACH}")
SWAP = (
    "driver swap: its security groups give way to the isolation group, and an apply of the stack by"
    " anybody else would give them back"
)
SWAPPED = Edge(B, "thing", B, "groups", "alone", "i-1")


C = ResourceAddress("thing.c")
ATTACHMENT = "aws_lb_target_group_attachment"
EDGE = Edge(B, ATTACHMENT, A)
HELD = {B: {"target_id": "i-1", "port": 80, "id": "tg-1"}}


def attaching(**values: Any) -> Plan:
    """Return a plan that creates an attachment at another address."""
    changes = tuple(
        PlannedChange(AttributePath(path), None, value) for path, value in values.items()
    )
    return plan(replace(planned(C, Action.CREATE, ATTACHMENT), changes=changes))


def kept(**parts: Any) -> Quarantine:
    whole: dict[str, Any] = {
        "id": RemediationId("0123456789"),
        "stack": SHOP,
        "finding_ids": (),
        "edges": (Edge(B, "thing", A),),
        "undo": {},
        "state": QuarantineState.ACTIVE,
        "since": NOW,
        "expires_at": NOW + timedelta(hours=4),
        "group": "policy",
    }
    return Quarantine(**{**whole, **parts})


def beside(*quarantines: Quarantine, **parts: Any) -> Situation:
    return made(quarantines=quarantines, **parts)


SCRIPT = PlannedScript(ScriptRule("cut-off", "/scripts/cut-off", "0" * 64), {"action": "isolate"})
ISOLATION = isolation_by(SCRIPT)
GROUP = made(about=APPROVED).remediation.policy_id or ""
BY_SCRIPT = replace(plan(planned(A, Action.SCRIPT)), script=SCRIPT)
TOLD = (
    "driver script: cut-off is told to isolate it, and to release it afterwards; what it changes is"
    " read when it has run"
)
ID = made().remediation.id
EARLIER = (
    "an earlier attempt isolated by {}, and this plan does not; release that first: trueup release "
    + ID[:8]
)


def begun(**parts: Any) -> Quarantine:
    """Return what an earlier attempt of the same remediation stored."""
    return kept(id=ID, state=QuarantineState.ISOLATING, **parts)


def swapping(group: str) -> Plan:
    change = PlannedChange(AttributePath("groups"), ["web"], [group])
    return plan(replace(planned(B), changes=(change,)))


OTHER = kept(group=GROUP, stack=StackName("other"))
TOUCHES = plan(planned(B))

CASES = [
    Case("a correction", made(plan=plan(planned())), Open()),
    Case("a release", beside(kept(), about={"action_type": ActionType.RELEASE}), Open()),
    Case("a quarantine", made(about=QUARANTINE), ASKS),
    Case(
        "with another time",
        made(about=QUARANTINE, limits=Guardrails(quarantine_time=timedelta(minutes=30))),
        NeedsApproval(f"it isolates thing.a until it is released, for 30 min at most; {DETACH}"),
    ),
    Case(
        "one that isolates what holds what drifted",
        made(about=QUARANTINE, isolates=(B,)),
        NeedsApproval(
            "it isolates thing.b, since thing.a drifted, until it is released, for 4 h at most;"
            f" {DETACH}"
        ),
    ),
    Case(
        "a quarantine that swaps groups",
        made(about=QUARANTINE, plan=plan(planned(A))),
        NeedsApproval(f"it isolates thing.a until it is released, for 4 h at most; {SWAP}"),
    ),
    Case(
        "one of what another has swapped",
        beside(kept(edges=(SWAPPED,)), about=QUARANTINE, plan=TOUCHES),
        Hold(
            "thing.b is isolated already, by quarantine 0123456789; release that first: trueup"
            " release 01234567"
        ),
    ),
    Case(
        "a correction that would give groups back",
        beside(kept(edges=(SWAPPED,)), plan=TOUCHES),
        Hold(
            "it would give thing.b its groups back, which quarantine 0123456789 swapped; release"
            " that first: trueup release 01234567"
        ),
    ),
    Case(
        "a quarantine by a script",
        made(about=QUARANTINE, plan=BY_SCRIPT),
        NeedsApproval(f"it isolates thing.a until it is released, for 4 h at most; {TOLD}"),
    ),
    Case(
        "a correction of what a script isolated",
        beside(kept(script=ISOLATION), plan=TOUCHES),
        Hold(
            "it would change thing.b, which a script isolated for quarantine 0123456789; release"
            " that first: trueup release 01234567"
        ),
    ),
    Case(
        "a thing like one that a script isolated",
        beside(
            kept(undo=HELD, edges=(EDGE,), script=ISOLATION),
            plan=attaching(target_id="i-1", port=80, id=UNKNOWN),
        ),
        Open(),
    ),
    Case(
        "another attempt by the same script",
        beside(begun(script=ISOLATION), about=QUARANTINE, plan=BY_SCRIPT),
        NeedsApproval(f"it isolates thing.a until it is released, for 4 h at most; {TOLD}"),
    ),
    Case(
        "another attempt by other bytes of it",
        beside(begun(script=replace(ISOLATION, sha256="1" * 64)), about=QUARANTINE, plan=BY_SCRIPT),
        Hold(EARLIER.format(f"script cut-off (SHA-256 {'1' * 64})")),
    ),
    Case(
        "another attempt by another script",
        beside(begun(script=replace(ISOLATION, name="old")), about=QUARANTINE, plan=BY_SCRIPT),
        Hold(EARLIER.format(f"script old (SHA-256 {'0' * 64})")),
    ),
    Case(
        "a script where an earlier attempt detached",
        beside(begun(), about=QUARANTINE, plan=BY_SCRIPT),
        Hold(EARLIER.format("driver detach")),
    ),
    Case(
        "a swap to another group than the first",
        beside(begun(edges=(SWAPPED,)), about=QUARANTINE, plan=swapping("other")),
        Hold(EARLIER.format("security group alone")),
    ),
    Case(
        "a swap to the same group again",
        beside(begun(edges=(SWAPPED,)), about=QUARANTINE, plan=swapping("alone")),
        NeedsApproval(f"it isolates thing.a until it is released, for 4 h at most; {SWAP}"),
    ),
    Case("one more, and a person sees its plan first", beside(OTHER, about=QUARANTINE), ASKS),
    Case(
        "one more that was approved",
        beside(OTHER, about=APPROVED),
        Hold("1 quarantines that its policy asked for are not released yet"),
    ),
    Case(
        "one more where two are allowed",
        beside(OTHER, about=APPROVED, limits=Guardrails(quarantines=2)),
        ASKS,
    ),
    Case("one more of another policy", beside(kept(group="x"), about=APPROVED), ASKS),
    Case(
        "a correction that would attach what is detached",
        beside(kept(), plan=TOUCHES),
        Hold(
            "it would attach thing.b again, which quarantine 0123456789 detached; release that"
            " first: trueup release 01234567"
        ),
    ),
    Case(
        "a correction that would attach it under another name",
        beside(
            kept(undo=HELD, edges=(EDGE,)), plan=attaching(target_id="i-1", port=80, id=UNKNOWN)
        ),
        Hold(
            "it would attach thing.c again, which quarantine 0123456789 detached; release that"
            " first: trueup release 01234567"
        ),
    ),
    Case(
        "an edge like it of another resource",
        beside(
            kept(undo=HELD, edges=(EDGE,)), plan=attaching(target_id="i-2", port=80, id=UNKNOWN)
        ),
        Open(),
    ),
    Case(
        "an edge like it of a resource that is not there yet",
        beside(
            kept(undo=HELD, edges=(EDGE,)), plan=attaching(target_id=UNKNOWN, port=80, id=UNKNOWN)
        ),
        Open(),
    ),
    Case(
        "the same address of another stack",
        beside(kept(stack=StackName("other")), plan=TOUCHES),
        Open(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_quarantine_needs_a_person_and_comes_alone(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
