"""Elements of lists under `ignoreChanges`: what the provider says after it was asked is so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from iac_adapters.pulumi.judge import IGNORED
from reconciler.domain.model import Drifted, Noise
from tests.unit.pulumi.test_judge import HTTP, HTTPS, OUTPUTS, SSH, UNKNOWN, differs, judged


@pytest.mark.parametrize(
    ("ignored", "rules", "paths"),
    [
        ("rules[0]", [HTTP], ["rules[1]"]),
        ("rules[1]", [HTTPS], ["rules[1]"]),
        ("rules[0]", [HTTP, {**HTTPS, "cidrs": []}], ["rules[1].cidrs", "rules[1].port"]),
        ("rules[0]", [SSH, HTTPS, HTTP], ["rules[1].port", "rules[2]"]),
        ("rules[*]", [HTTPS], ["rules[1]"]),
    ],
)
def test_what_an_update_writes_beside_an_ignored_element_is_shown(
    ignored: str, rules: Sequence[Any], paths: Sequence[str]
) -> None:
    live = {"rules": rules}
    inputs = {**OUTPUTS, **live}
    found = judged(differs("rules"), live=live, live_inputs=inputs, ignored=[ignored])
    assert isinstance(found, Drifted)
    assert sorted(str(change.path) for change in found.changes) == paths


def test_an_ignored_element_is_no_drift_where_nobody_compares() -> None:
    found = judged(UNKNOWN, live={"zones": ["hand", "a"]}, ignored=["zones[0]"])
    assert isinstance(found, Noise)
    assert [(item.path, item.reason) for item in found.items] == [("zones", IGNORED)]


def test_what_the_code_writes_beside_an_ignored_element_is_shown() -> None:
    live, wanted = {"zones": ["hand", "a"]}, {"zones": ["b", "new"]}
    found = judged(UNKNOWN, live=live, wanted=wanted, ignored=["zones[0]"])
    assert isinstance(found, Drifted)
    assert [change.path for change in found.changes] == ["zones"]
