"""Whether a change of an attribute can reach another resource, by the text of the code."""

from __future__ import annotations

import pytest

from iac_adapters.terraform.references import code_text, referred_to


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("records = [aws_instance.web.public_ip]", {"public_ip"}),
        ('value = "http://${aws_instance.web[0].public_ip}/"', {"public_ip"}),
        ('value = aws_instance.web["a.b"].public_ip', {"public_ip"}),
        ("value = aws_instance.web[*].public_ip", {"public_ip"}),
        ("value = aws_instance.web.*.public_ip", {"public_ip"}),
        ("value = aws_instance.web.0.public_ip", {"public_ip"}),
        ("value = [for one in aws_instance.web : one.public_ip]", {"public_ip", "user_data"}),
        ("replace_triggered_by = [aws_instance.web]", {"public_ip", "user_data"}),
        ("value = -aws_instance.web.public_ip", {"public_ip"}),
        ("value = 1 -aws_instance.web.public_ip", {"public_ip"}),
        ("value = 1-aws_instance.web.public_ip", {"public_ip"}),
        ("value = my-aws_instance.web.public_ip", set()),
        ("value = aws_instance.web.arn", set()),
        ("value = aws_instance.web_two.public_ip", set()),
        ("value = data.aws_instance.web.public_ip", set()),
        ('output "r" { value = { from = aws_instance.web.public_ip } }', {"public_ip"}),
        ('resource "r" "r" {\n  to = aws_instance.web.public_ip\n}', {"public_ip"}),
        ("resource {\n  moved {\n    to = aws_instance.web.public_ip\n  }\n}", {"public_ip"}),
        ('moved {\n  to = a.c["}"]\n}\nx = { to = aws_instance.web.public_ip }', {"public_ip"}),
        ("depends_on = [\n  aws_instance.web,\n  aws_vpc.main,\n]", set()),
        ("moved {\n  from = aws_instance.old\n  to   = aws_instance.web\n}", set()),
        ("# (\nremoved {\n  from = aws_instance.web\n  lifecycle { destroy = false }\n}", set()),
        ('import {\n  id = "i-1"\n  to = aws_instance.web["a"]\n}', set()),
        ("import {\n  id = aws_instance.web.public_ip\n  to = a.b\n}", {"public_ip"}),
        ('resource "aws_instance" "web" {}', set()),
    ],
)
def test_an_attribute_counts_where_the_text_may_hand_it_on(text: str, named: set[str]) -> None:
    assert (
        referred_to([code_text(text)], "aws_instance", "web", {"public_ip", "user_data"}) == named
    )


@pytest.mark.parametrize(
    ("text", "deferred"),
    [
        ('data "x" "d" {\n  depends_on = [aws_vpc.main, aws_instance.web]\n}', True),
        ('module "m" {\n  depends_on = [aws_instance.web]\n}', True),
        ('data "x" "d" {\n  filter {\n  }\n  depends_on = [module.inner]\n}', True),
        ('data "x" "d" {\n  depends_on = [module.inner_two]\n}', False),
        ('data "x" "d" {\n  depends_on = [aws_instance.web_two]\n}', False),
        ('data "x" "d" {}\nresource "y" "r" {\n  depends_on = [aws_instance.web]\n}', False),
        ('resource "y" "r" {\n  depends_on = [module.inner]\n}', False),
        ('resource "y" "r" {}\ndata "x" "d" {\n  depends_on = [module.inner]\n}', True),
        ('module "a" {}\nresource "y" "r" {\n  depends_on = [aws_instance.web]\n}', False),
    ],
)
def test_a_data_source_that_waits_for_a_resource_hands_its_change_on(
    text: str, *, deferred: bool
) -> None:
    found = referred_to(
        [code_text(text)], "aws_instance", "web", {"public_ip"}, modules=("outer", "inner")
    )
    assert found == ({"public_ip"} if deferred else set())
