"""The code that would declare what a finding shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hcl2
import yaml

from reconciler.domain.declaring import hcl_declaration, yaml_child, yaml_declaration
from reconciler.domain.model import Change, Origin
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Sensitive


def change(path: str, live: Any) -> Change:
    return Change(AttributePath(path), None, None, live, Origin.UNDECLARED)


CHANGES = (
    change("description", 'says "${hi}"'),
    change("policy", '{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}'),
    change("ingress[2]", {"from_port": 22, "cidr_blocks": ["0.0.0.0/0"], "description": ""}),
    change("versioning[0].enabled", live=True),
    change('tags["a.b"]', "x"),
    change("gone", None),
    change("secret", Sensitive("digest")),
)


def test_the_hcl_is_code_of_the_resources_block() -> None:
    text = hcl_declaration('module.m["k"].aws_thing.web[0]', CHANGES)

    (block,) = hcl2.loads(text)["resource"]
    ((kind, named),) = block.items()
    assert (kind.strip('"'), [name.strip('"') for name in named]) == ("aws_thing", ["web"])
    assert '  description = "says \\"$${hi}\\""\n' in text
    assert "  policy = jsonencode({" in text
    assert '    cidr_blocks = ["0.0.0.0/0"]\n' in text
    assert "  versioning {\n    enabled = true\n  }\n" in text
    assert "# gone is not there any more" in text
    assert "digest" not in text


def test_the_yaml_holds_the_properties() -> None:
    text = yaml_declaration("urn:pulumi:dev::p::aws:s3/bucket:Bucket::logs", CHANGES[:4])

    properties = yaml.safe_load(text)["properties"]
    assert properties["ingress"]["from_port"] == 22
    # Pulumi reads it as a text, and not as a reference.
    assert properties["description"] == 'says "$${hi}"'


def test_a_reference_of_a_policy_is_none_of_the_yaml() -> None:
    change = replace(CHANGES[0], live="arn:aws:s3:::home/${aws:username}")
    assert "home/$${aws:username}" in yaml_declaration("urn", [change])
    assert "home/$${aws:username}" in yaml_child("aws:iam/policy:Policy", "urn", [change])
