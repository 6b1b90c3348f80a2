from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.plan import Action
from reconciler.domain.scripts import PlannedScript, ScriptRule
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.script import GUARD
from tests.unit.engine.admission.situations import Case, approval, plan, planned
from tests.unit.engine.admission.situations import situation as made

RULE = ScriptRule("fix", "/srv/scripts/fix", "a" * 64)
RUNS = replace(plan(planned(action=Action.SCRIPT)), script=PlannedScript(RULE, {}))
LACKS = replace(RUNS, script=PlannedScript(RULE, {}, lack="no namespaces"))
HELD = Hold(
    "script 'fix' cannot be isolated: no namespaces; allow namespaces on this host, or set"
    " `isolated = false` and `network = true` in its [[script]]"
)

CASES = [
    Case("a plan of the tool", made(plan=plan(planned())), Open()),
    Case("a script that can be isolated", made(plan=RUNS), Open()),
    Case("a host without namespaces", made(plan=LACKS), HELD),
    Case("a person approved it", made(plan=LACKS, about={"approvals": (approval(),)}), HELD),
    Case("no plan yet", made(), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_script_runs_isolated_or_not_at_all(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
