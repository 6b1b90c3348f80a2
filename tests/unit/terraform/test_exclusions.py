"""Which addresses `-exclude` leaves out: those named, in any form, and what needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.exclusions import excluded_by, exclusions_in
from iac_adapters.terraform.state import ProviderReference, StateInstance

_STATE = {
    "aws_vpc.main": (),
    "aws_subnet.a[0]": ("aws_vpc.main",),
    'aws_instance.web["x"]': ("aws_subnet.a",),
    "module.db.aws_instance.main": (),
    "module.dbx.aws_instance.main": (),
    "aws_vpc.main2": (),
    "module.net[0].aws_vpc.own": (),
    "module.net[0].aws_subnet.own": ("module.net.aws_vpc.own",),
}


def instances() -> list[StateInstance]:
    provider = ProviderReference("hashicorp/aws", None, "")
    return [
        StateInstance(address, "", "managed", "t", "n", None, provider, dependencies=dependencies)
        for address, dependencies in _STATE.items()
    ]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("-exclude=a.b -lock=false", ("-exclude=a.b",)),
        ("-exclude 'a.b[\"x y\"]'", ('-exclude=a.b["x y"]',)),
        ("--exclude-file=list -target=c.d", ("-exclude-file=list",)),
        ("'unbalanced", ()),
        ("", ()),
    ],
)
def test_exclusions_are_found_among_other_options(given: str, options: tuple[str, ...]) -> None:
    assert exclusions_in({"TF_CLI_ARGS_plan": given}) == options
    assert exclusions_in({"TF_CLI_ARGS": given}) == options
    assert exclusions_in({"TF_CLI_ARGS_apply": given}) == ()


@pytest.mark.parametrize(
    ("excluded", "left_out"),
    [
        ("aws_vpc.main", {"aws_vpc.main", "aws_subnet.a[0]", 'aws_instance.web["x"]'}),
        ("aws_subnet.a", {"aws_subnet.a[0]", 'aws_instance.web["x"]'}),
        ("aws_subnet.a[0]", {"aws_subnet.a[0]", 'aws_instance.web["x"]'}),
        ("module.db", {"module.db.aws_instance.main"}),
        ("aws_vpc.none", set()),
        (
            "module.net[0].aws_vpc.own",
            {"module.net[0].aws_vpc.own", "module.net[0].aws_subnet.own"},
        ),
    ],
)
def test_what_needs_an_excluded_resource_is_left_out(
    excluded: str, left_out: set[str], tmp_path: Path
) -> None:
    found = excluded_by([f"-exclude={excluded}"], instances(), directory=tmp_path)
    assert found == left_out
    (tmp_path / "list").write_text(f"# by hand\n\n  {excluded}\n")
    assert excluded_by(["-exclude-file=list"], instances(), directory=tmp_path) == left_out
