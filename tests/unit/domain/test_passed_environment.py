"""What the tools of a stack see of the daemon's environment."""

from __future__ import annotations

import pytest

from reconciler.domain.passed_environment import WELL_KNOWN, passed_on, without_ours

_DAEMON = {
    "PATH": "/bin",
    "HTTPS_PROXY": "http://proxy",
    "TF_VAR_size": "3",
    "TRUEUP_TERRAFORM": "tofu",
    "TRUEUP_TOKEN": "canary",
    "TRUEUP_DATABASE": "postgresql://trueup:canary@db/trueup",
    "AWS_PROFILE": "watcher",
    "SLACK_WEBHOOK": "canary",
    "CI_JOB_TOKEN": "canary",
    "GOOGLEBOT": "canary",
}


def test_only_the_base_and_well_known_variables_are_passed_on() -> None:
    assert set(passed_on(_DAEMON, WELL_KNOWN)) == {
        "PATH", "HTTPS_PROXY", "TF_VAR_size", "TRUEUP_TERRAFORM", "AWS_PROFILE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "more"),
    [
        ((), set()),
        (("CI_JOB_TOKEN",), {"CI_JOB_TOKEN"}),
        (("CI_*", "SLACK"), {"CI_JOB_TOKEN"}),
    ],
)
def test_patterns_name_variables_or_begin_them(patterns: tuple[str, ...], more: set[str]) -> None:
    base = {"PATH", "HTTPS_PROXY", "TF_VAR_size", "TRUEUP_TERRAFORM"}
    assert set(passed_on(_DAEMON, patterns)) == base | more


def test_our_own_secrets_are_passed_on_to_nobody() -> None:
    assert "canary" not in "".join(passed_on(_DAEMON, ("TRUEUP_TOKEN", "TRUEUP_*")).values())
    kept = without_ours(_DAEMON)
    assert set(_DAEMON) - set(kept) == {"TRUEUP_TOKEN", "TRUEUP_DATABASE"}
