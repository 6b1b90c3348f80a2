"""Which drifted resources are one correction."""

from __future__ import annotations

import pytest

from reconciler.domain.belonging import together
from reconciler.domain.model import ResourceAddress

DEPENDS = {
    "aws_vpc.main": (),
    "aws_subnet.a": ("aws_vpc.main",),
    "aws_subnet.b": ("aws_vpc.main",),
    "aws_instance.web[0]": ("aws_subnet.a",),
    "aws_instance.web[1]": ("aws_subnet.a",),
    "aws_eip.web": ("aws_instance.web",),
    "aws_a.ring": ("aws_b.ring",),
    "aws_b.ring": ("aws_a.ring",),
}


@pytest.mark.parametrize(
    ("drifted", "sets", "why"),
    [
        ([], [], "nothing drifted"),
        (["aws_subnet.a", "aws_subnet.b"], [["aws_subnet.a"], ["aws_subnet.b"]], "a third shared"),
        (["aws_subnet.a", "aws_vpc.main"], [["aws_subnet.a", "aws_vpc.main"]], "one on the other"),
        (
            ["aws_instance.web[0]", "aws_vpc.main"],
            [["aws_instance.web[0]", "aws_vpc.main"]],
            "by one that did not drift",
        ),
        (
            ["aws_eip.web", "aws_instance.web[0]", "aws_instance.web[1]"],
            [["aws_eip.web", "aws_instance.web[0]", "aws_instance.web[1]"]],
            "a dependency without its instance means each",
        ),
        (
            ["aws_subnet.a", "aws_subnet.b", "aws_vpc.main"],
            [["aws_subnet.a", "aws_subnet.b", "aws_vpc.main"]],
            "joined by what both depend on",
        ),
        (["aws_a.ring", "aws_b.ring"], [["aws_a.ring", "aws_b.ring"]], "a ring ends"),
        (["gone.one", "aws_eip.web"], [["aws_eip.web"], ["gone.one"]], "one nobody recorded"),
    ],
)
def test_sets(drifted: list[str], sets: list[list[str]], why: str) -> None:
    del why
    depends = {ResourceAddress(one): others for one, others in DEPENDS.items()}
    found = together(map(ResourceAddress, drifted), depends)
    assert [sorted(one) for one in found] == sets
