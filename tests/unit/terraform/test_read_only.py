"""A scan must not write because a shell profile says so."""

from __future__ import annotations

import pytest

from iac_adapters.terraform.read_only import read_only


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("-out=plan -var=a=b", "-var=a=b"),
        ("-var 'a=b c' -target=x", "-var 'a=b c'"),
        ("-lock=true -var-file=x.tfvars", "-var-file=x.tfvars"),
        ("'unbalanced", ""),
    ],
)
def test_only_variables_stay(given: str, kept: str) -> None:
    assert read_only({"TF_CLI_ARGS_plan": given})["TF_CLI_ARGS_plan"] == kept


def test_other_commands_arguments_and_log_files_go() -> None:
    given = {"TF_CLI_ARGS_apply": "-auto-approve", "TF_LOG_PATH": "log", "HOME": "home"}
    assert read_only(given) == {"HOME": "home"}
