"""What is offered about a stack that cannot be read: a command of its own tool, or what to set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from reconciler.wire.stacks import OpenFindings, Stack
from tui.ink import text_of
from tui.lines.first_minute import remedy_lines
from tui.lines.next_steps import lacks_credentials, mending, next_command, steps_of
from tui.lines.words import health_span
from tui.store.sent import NO_ANSWER

NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)
STACK: Final = Stack(
    name="web", tool="terraform", directory="/infra/my web", interval_s=900.0, adaptive=False,
    source="config", definition={}, health="error", counts=None, findings=OpenFindings(),
    suppressed=0, obtained_by=None, revision=None, verified_at=None, last_scan_at=NOW,
    last_scan_ms=1.0, error=None, error_since=NOW, next_due_at=NOW + timedelta(minutes=1),
    provider_doubts=[],
)  # fmt: skip


def failing(error: str) -> Stack:
    return replace(STACK, error=error)


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (
            "not initialised; run `terraform init` in it",
            "terraform -chdir='/infra/my web' init",
        ),
        ("run `tofu init -upgrade` in /infra", "tofu -chdir='/infra/my web' init -upgrade"),
        ("run `terragrunt init` in it", "cd '/infra/my web' && terragrunt init"),
        ("make it with `pulumi stack init`", "pulumi -C '/infra/my web' stack init"),
        ("the definition of its initial state is odd", ""),
        ("a tag says `terraform destroy -auto-approve`", ""),
        ("run `terraform init; rm -rf /` now", ""),
        ("run `pulumi install` there, or `pulumi plugin install resource aws 6.0.0`", ""),
    ],
)
def test_only_a_command_that_installs_or_signs_in_is_copied(error: str, command: str) -> None:
    assert mending(failing(error)) == command
    assert next_command(failing(error)) == (command or "trueup doctor")


@pytest.mark.parametrize(
    ("error", "named"),
    [
        ("s3: No valid credential sources found", "AWS_PROFILE"),
        ("ExpiredToken: log in again", "AWS_PROFILE"),
        ("azurerm: unauthorized", "ARM_CLIENT_ID"),
        ("google: forbidden", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("incorrect passphrase", "PULUMI_CONFIG_PASSPHRASE"),
        ("world: bad token", "the variables of its provider"),
    ],
)
def test_without_credentials_it_is_said_what_to_set_and_where(error: str, named: str) -> None:
    stack = failing(error)
    assert lacks_credentials(stack)
    told = "\n".join(text_of(spans) for spans in remedy_lines(stack))
    assert named in told
    assert 'env_file = "web.env"' in told


def test_a_broken_expression_is_no_lack_of_credentials() -> None:
    assert not lacks_credentials(failing("main.tf:3: unexpected token in an expression"))


def test_every_stack_can_be_scanned_and_only_a_broken_one_has_a_command() -> None:
    fresh = replace(STACK, health="never_run")
    assert [step.does for step in steps_of(fresh)] == ["scan"]
    assert [step.does for step in steps_of(failing("odd"))] == ["copy", "scan"]


@pytest.mark.parametrize(
    ("health", "due_in", "sent", "shown"),
    [
        ("never_run", 1, "", ". never read"),
        ("never_run", -1, "", "? unknown, checking"),
        ("in_sync", 1, "", "v in sync"),
        ("in_sync", -1, "", "? unknown, checking"),
        ("in_sync", 1, "checking", "? unknown, checking"),
        ("drifted", -1, "", "~ drifted, checking"),
        ("error", 1, "", "x error"),
        ("in_sync", 1, NO_ANSWER, "? no answer yet"),
    ],
)
def test_a_stack_is_in_sync_only_as_long_as_nobody_looks_again(
    health: str, due_in: int, sent: str, shown: str
) -> None:
    stack = replace(STACK, health=health, next_due_at=NOW + timedelta(minutes=due_in))  # type: ignore[arg-type]
    assert health_span(stack, sent, now=NOW).text == shown


def test_a_stack_of_an_embedding_program_is_never_due() -> None:
    kept = replace(STACK, source="embedded", health="in_sync", next_due_at=None)
    assert health_span(kept, "", now=NOW).text == "v in sync"


def test_a_stack_that_was_scanned_by_a_clock_ahead_is_due() -> None:
    ahead = replace(STACK, health="in_sync", last_scan_at=NOW + timedelta(hours=1))
    assert health_span(ahead, "", now=NOW).text == "? unknown, checking"


def test_a_stack_that_was_just_added_is_due() -> None:
    fresh = replace(STACK, health="never_run", next_due_at=None)
    assert health_span(fresh, "", now=NOW).text == "? unknown, checking"
