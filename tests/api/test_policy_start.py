"""One field of a policy on its whole way: file, option, API, store and answer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from reconciler.bootstrap.registered import config_policies
from reconciler.cli.policy_file import policy_body, read_policies
from reconciler.cli.policy_options import changes_of
from tests.api.desk import V1, Desk

STARTS: Final = "2099-01-01T00:00:00.000Z"
FILE: Final = """
[[policy]]
name = "after the freeze"
starts_at = 2099-01-01T00:00:00Z
"""


async def test_a_start_is_kept_and_answered(desk: Desk) -> None:
    body = {"name": "later", "starts_at": "2099-01-01T02:00:00+02:00"}
    made = (await desk.admin.post(f"{V1}/policies", json=body)).json()
    assert made["starts_at"] == STARTS
    changed = await desk.admin.put(f"{V1}/policies/{made['policy_id']}", json={"name": "later"})
    assert changed.json()["starts_at"] is None


@pytest.mark.parametrize("wrong", ["soon", 7, "2099-13-01T00:00:00Z"])
async def test_a_start_that_is_no_time_is_refused(desk: Desk, wrong: object) -> None:
    body = {"name": "later", "starts_at": wrong}
    refused = await desk.admin.post(f"{V1}/policies", json=body)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["body.starts_at"]


async def test_a_start_of_a_file_is_the_same(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(FILE)
    settings = read_policies(file)
    (policy,) = config_policies(settings)
    made = await desk.admin.post(f"{V1}/policies", json=policy_body(settings.policies[0]))
    assert made.json()["starts_at"] == STARTS
    kept = await desk.house.read(lambda view: view.policies.get(made.json()["policy_id"]))
    assert kept is not None
    assert kept.starts_at == policy.starts_at


def test_a_start_has_an_option() -> None:
    assert changes_of({"name": "later", "starts_at": STARTS}) == {
        "name": "later",
        "starts_at": STARTS,
    }
