"""Whether a change of an attribute can reach another resource, by the text of the code."""

from __future__ import annotations

import pytest

from iac_adapters.terraform.references import referred_to


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
        ("value = aws_instance.web.arn", set()),
        ("value = aws_instance.web_two.public_ip", set()),
        ("value = data.aws_instance.web.public_ip", set()),
        ("depends_on = [\n  aws_instance.web,\n  aws_vpc.main,\n]", set()),
        ("moved {\n  from = aws_instance.old\n  to   = aws_instance.web\n}", set()),
        ('resource "aws_instance" "web" {}', set()),
    ],
)
def test_an_attribute_counts_where_the_text_may_hand_it_on(text: str, named: set[str]) -> None:
    assert referred_to([text], "aws_instance", "web", {"public_ip", "user_data"}) == named
