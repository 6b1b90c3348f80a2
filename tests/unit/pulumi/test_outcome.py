"""What an update came to: clean only where that can be shown, else in doubt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.outcome import outcome_of
from reconciler.ports import Done, Exited, Failed, InDoubt, Outcome, Vanished
from tests.unit.pulumi.run_lines import said, step, summary, urn

EOF_SAID = "error reading from server: EOF"
RESET_SAID = "error reading from server: connection reset by peer"
INVALID = "failed to save snapshot: snapshot integrity failure; it was already written"
LOCKED = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end"
VIOLATED = f"resource {urn('web')} violates plan: properties changed: ..."
NOT_ALLOWED = "update is not allowed by the plan: this resource is constrained to same"
WHOLE = [step("pre", "update"), step("outputs", "update")]
HALF = [step("pre", "update")]
NOT_REACHED = f"expected resource operations for {urn('db')} but none were seen"
REFUSED = [step("pre", "update"), said("no", about="web"), step("failed", "update")]


def place(root: Path, *pending: tuple[str, str]) -> Place:
    """Return a stack whose checkpoint names operations, each a kind and a thing."""
    operations = [
        {"type": kind, "resource": {"urn": urn(name), "type": "shop:index:Thing"}}
        for kind, name in pending
    ]
    latest: dict[str, Any] = {"resources": [], "pending_operations": operations}
    made = Place(f"file://{root}", "shop", "dev", root)
    file = root / ".pulumi" / "stacks" / "shop" / "dev.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    return made


def exited(code: int, *, interrupted: bool = False) -> Exited:
    return Exited(code, datetime.now(UTC), interrupted=interrupted)


def outcome(
    root: Path,
    *lines: bytes,
    code: int = 1,
    interrupted: bool = False,
    pending: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    log = root / "log"
    log.write_bytes(b"".join(lines))
    ended = exited(code, interrupted=interrupted)
    return outcome_of(place(root, *pending), ended=ended, log=log)


def test_what_ended_well_is_done(tmp_path: Path) -> None:
    assert outcome(tmp_path, *WHOLE, summary(update=1, same=4), code=0) == Done("1 changed")
    assert outcome(tmp_path, summary(same=4), code=0) == Done("nothing changed")
    assert outcome(tmp_path, code=0) == Done("updated")


def test_what_was_done_is_counted_without_what_changes_no_object(tmp_path: Path) -> None:
    lines = [
        *WHOLE,
        step("outputs", "update", "other"),
        step("outputs", "update", "default", "pulumi:providers:shop"),
        step("outputs", "create-replacement", "new"),
        step("outputs", "delete-replaced", "new"),
        step("outputs", "same", "same"),
        summary(update=3, replace=1, same=1),
    ]
    assert outcome(tmp_path, *lines, code=0) == Done("2 changed, 1 replaced")


@pytest.mark.parametrize(
    ("lines", "code", "told", "reason"),
    [
        ([*WHOLE, summary("failed")], -9, "killed by signal 9", "it could not say how far it came"),
        ([*WHOLE, summary("failed")], -15, "killed by signal 15", "likewise"),
        ([*HALF, summary("failed")], 8, "made to stop at once", "a second interrupt"),
        ([*HALF, said("no"), summary("failed")], 1, "in the middle of web", "a step has no end"),
        ([*HALF], 255, "in the middle of web", "whatever the exit code"),
        ([*REFUSED, said(EOF_SAID), summary("failed")], 1, "provider died", "it may have done it"),
        ([*REFUSED, said(RESET_SAID), summary("failed")], 1, "provider died", "the same"),
        ([*REFUSED, said(INVALID), summary("failed")], 1, "checkpoint is invalid", "as it says"),
        ([], 1, "did not say why", "no word and no summary"),
        ([b"some text\n", b"{\n"], 1, "did not say why", "text that is no error"),
        ([step("pre", "create", n) for n in ("b", "a")], 1, "in the middle of a, b", "both named"),
    ],
)
def test_what_cannot_be_shown_to_be_clean_is_in_doubt(
    tmp_path: Path, lines: list[bytes], code: int, told: str, reason: str
) -> None:
    found = outcome(tmp_path, *lines, code=code)
    assert isinstance(found, InDoubt), reason
    assert told in found.reason


@pytest.mark.parametrize("kind", ["creating", "updating", "deleting", "importing"])
@pytest.mark.parametrize("code", [0, 1, -9])
def test_an_operation_that_the_checkpoint_leaves_open_is_in_doubt(
    tmp_path: Path, kind: str, code: int
) -> None:
    found = outcome(tmp_path, *WHOLE, said("no"), code=code, pending=((kind, "web"),))
    assert found == InDoubt(f"the checkpoint says that it is still {kind} web")


def test_a_checkpoint_that_cannot_be_read_is_in_doubt(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(summary(update=1))
    made = place(tmp_path)
    assert made.state_file is not None
    made.state_file.write_bytes(b'{"version": 3, "checkpoint"')
    found = outcome_of(made, ended=exited(0), log=log)
    assert isinstance(found, InDoubt)
    assert "cannot be read" in found.reason


def test_a_runner_without_a_record_is_in_doubt(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(summary(update=1))
    assert isinstance(outcome_of(place(tmp_path), ended=Vanished(), log=log), InDoubt)


def test_a_backend_that_is_no_folder_is_judged_by_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join([*WHOLE, summary(update=1)]))
    remote = Place("s3://states", "shop", "dev")
    assert outcome_of(remote, ended=exited(0), log=log) == Done("1 changed")
    assert isinstance(outcome_of(remote, ended=exited(0), log=tmp_path / "none"), Done)
    assert isinstance(outcome_of(remote, ended=exited(1), log=tmp_path / "none"), InDoubt)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([*REFUSED, said("update failed"), summary("failed")], "no"),
        ([said("update failed"), summary("failed")], "update failed"),
        ([said("one"), said("two"), said("one"), summary("failed")], "one\ntwo"),
        ([*REFUSED, said(NOT_REACHED), summary("failed")], "no"),
        ([*WHOLE, said(NOT_REACHED), summary("failed")], NOT_REACHED),
        (
            [b"the command could not be started: No such\n"],
            "the command could not be started: No such",
        ),
        ([*WHOLE, said("update canceled"), summary("failed")], "update canceled"),
    ],
)
def test_what_failed_with_a_whole_record_is_told_in_its_own_words(
    tmp_path: Path, lines: list[bytes], told: str
) -> None:
    found = outcome(tmp_path, *lines)
    assert isinstance(found, Failed)
    assert found.reason == told
    assert not found.stale


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    found = outcome(tmp_path, said("x" * 5000), summary("failed"))
    assert isinstance(found, Failed)
    assert len(found.reason) < 2100


def test_one_that_was_asked_to_stop_says_how_far_it_came(tmp_path: Path) -> None:
    found = outcome(tmp_path, *WHOLE, said("update canceled"), summary("failed"), interrupted=True)
    assert found == Failed("it was asked to stop; 1 resources were dealt with before")


@pytest.mark.parametrize("violation", [VIOLATED, NOT_ALLOWED])
def test_a_fence_that_held_at_once_makes_the_plan_stale(tmp_path: Path, violation: str) -> None:
    found = outcome(tmp_path, step("pre", "refresh"), step("outputs", "refresh"), said(violation))
    assert isinstance(found, Failed)
    assert found.stale
    later = outcome(tmp_path, *WHOLE, said(violation), summary("failed"))
    assert isinstance(later, Failed)
    assert not later.stale
    assert "1 resources were dealt with" in later.reason


def test_a_lock_says_that_nothing_was_done_whatever_its_holder_is_at(tmp_path: Path) -> None:
    found = outcome(tmp_path, said(LOCKED), pending=(("updating", "other"),))
    assert found == Failed("the stack is locked by another update; nothing was done")
    held = b"file:///locks/x.json: created by ada@here (pid 7) at 2026-01-01T00:00:00Z\n"
    told = outcome(tmp_path, said(LOCKED), held)
    assert isinstance(told, Failed)
    assert "update, created by ada@here (pid 7) at 2026" in told.reason


def test_who_only_speaks_of_a_lock_in_the_middle_is_not_believed(tmp_path: Path) -> None:
    found = outcome(tmp_path, *REFUSED, said(LOCKED), summary("failed"))
    assert isinstance(found, Failed)
    assert "nothing was done" not in found.reason


def test_a_cli_that_fails_without_a_word_says_how_far_it_came(tmp_path: Path) -> None:
    found = outcome(tmp_path, *WHOLE, summary("failed", update=1))
    assert isinstance(found, Failed)
    assert "1 were dealt with before" in found.reason


@given(st.lists(st.binary(max_size=40) | st.sampled_from([*WHOLE, *REFUSED]), max_size=8))
def test_any_log_of_a_killed_cli_is_in_doubt(lines: list[bytes]) -> None:
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.write_bytes(b"\n".join(lines))
        found = outcome_of(Place("s3://b", "shop", "dev"), ended=exited(-9), log=log)
    assert isinstance(found, InDoubt) or (
        isinstance(found, Failed) and b"could not be" in b"".join(lines)
    )
