"""What `policy test FILE` promises is what the daemon decides once the file was added."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconciler.bootstrap.registered import config_policies
from reconciler.cli.policy_file import policy_body, read_policies
from reconciler.domain.model import Kind, Severity
from reconciler.domain.policy import Act, Subject, decide
from tests.api.desk import V1, Desk

FILE: Final = """
[[policy]]
name = "review-iam"
match = {type = "aws_iam_*"}
action_type = "manual_review"

[[policy]]
name = "all-else"
action_type = "auto_correct"
"""
ROLE: Final = Subject("web", "aws_iam_role.x", "aws_iam_role", Kind.CHANGED, Severity.HIGH, 80)


async def test_the_order_of_a_file_is_kept_from_the_test_to_the_daemon(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(FILE)
    settings = read_policies(file)
    for policy in settings.policies:
        made = await desk.admin.post(f"{V1}/policies", json=policy_body(policy))
        assert made.status_code == 201
    kept = await desk.house.read(lambda view: view.policies.all())
    decided = [
        decide(ROLE, policies, now=desk.clock.now())
        for policies in (config_policies(settings), kept)
    ]
    names = [one.policy.name for one in decided if isinstance(one, Act)]
    assert names == ["review-iam", "review-iam"]
    listed = (await desk.viewer.get(f"{V1}/policies")).json()["items"]
    assert [(one["name"], one["position"]) for one in listed] == [
        ("review-iam", 0),
        ("all-else", 1),
    ]
