from __future__ import annotations

import pytest

from reconciler.domain.errors import InvalidError
from reconciler.domain.events import CATALOGUE, RemediationMoved, RunMoved, log_line, named_by
from reconciler.domain.remediation_states import RemediationState


def test_every_state_of_a_remediation_is_an_event() -> None:
    states = {name.removeprefix("remediation.") for name in CATALOGUE if "remediation." in name}
    assert states == {state.value for state in RemediationState}


def test_a_channel_names_types_and_beginnings_of_types() -> None:
    assert named_by(["run.ended"]) == {"run.ended"}
    assert named_by(["drift.", "run.ended"]) == {
        "drift.detected",
        "drift.changed",
        "drift.healed",
        "drift.reopened",
        "drift.acknowledged",
        "drift.ignored",
        "run.ended",
    }
    assert named_by(["hold.*"]) == named_by(["hold."]) == {"hold.set", "hold.released"}
    assert named_by([]) == frozenset()


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("drift.detectd", "did you mean 'drift.detected'?"),
        ("remediation", "did you mean 'remediation.'?"),
        ("nothing.like.it", "docs/events.md lists them"),
        (".", "docs/events.md lists them"),
        ("*", "docs/events.md lists them"),
    ],
)
def test_a_word_that_names_no_event_is_refused(word: str, remedy: str) -> None:
    with pytest.raises(InvalidError, match="there is no event") as refused:
        named_by(["drift.detected", word])
    assert remedy in str(refused.value.remedy)


def test_a_log_line_carries_every_id_under_the_name_of_what_it_is_of() -> None:
    moved = RemediationMoved(
        id="m1",
        stack="web",
        state="held",
        action_type="auto_correct",
        finding_ids=["f1"],
        plan_digest=None,
        run_id="r1",
        note="the kill switch is pulled",
        previous_state="queued",
        cause="guard_closed",
    )
    said = log_line(moved)
    assert (said["remediation"], said["run"], said["findings"]) == ("m1", "r1", ["f1"])
    assert (said["previous_state"], said["state"], said["cause"]) == (
        "queued",
        "held",
        "guard_closed",
    )
    assert "plan_digest" not in said
    run = RunMoved(
        id="r1",
        remediation_id="m1",
        stack="web",
        state="started",
        summary=None,
        exit_code=None,
        progress={},
    )
    assert (log_line(run)["run"], log_line(run)["remediation"]) == ("r1", "m1")
