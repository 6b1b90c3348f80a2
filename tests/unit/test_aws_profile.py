from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from iac_adapters.aws_profile import with_profile
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider_settings import ProviderSettings, differences
from iac_adapters.terraform.schema import Block, ResourceSchema

CONFIG = """
[default]
region = us-east-1
s3 =
  addressing_style = path

[profile prod]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/deploy
"""
AWS = "registry.terraform.io/hashicorp/aws"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    (tmp_path / ".aws" / "credentials").write_text("[prod]\naws_access_key_id = AKIAEXAMPLE\n")
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, {"AWS_REGION": "us-east-1"}),
        ({"AWS_REGION": "us-west-2"}, {"AWS_REGION": "us-west-2"}),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, {}),
        (
            {"AWS_PROFILE": "prod"},
            {
                "AWS_REGION": "eu-west-1",
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/deploy",
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            },
        ),
        ({"AWS_PROFILE": "unknown"}, {}),
        ({"AWS_CONFIG_FILE": os.devnull}, {}),
    ],
)
def test_the_selected_profile_says_what_no_variable_does(
    home: Path, variables: Mapping[str, str], told: Mapping[str, str]
) -> None:
    environment = {"HOME": str(home), **variables}
    assert dict(with_profile(environment)) == {**environment, **told}


def test_what_is_no_file_of_settings_says_nothing(home: Path) -> None:
    environment = {"HOME": str(home)}
    (home / ".aws" / "config").write_bytes(b"\xff region")
    assert with_profile(environment) == environment
    (home / ".aws" / "config").unlink()
    os.mkfifo(home / ".aws" / "config")
    assert with_profile(environment) == environment


def test_a_region_that_was_edited_in_the_file_is_another_place(home: Path) -> None:
    environment = {"HOME": str(home)}
    configure = message("ConfigureRequest")().SerializeToString()
    schema = ResourceSchema(version=0, block=Block())
    kept = ProviderSettings.of(AWS, configure, environment)
    (home / ".aws" / "config").write_text(CONFIG.replace("us-east-1", "ap-south-1"))
    now = ProviderSettings.of(AWS, configure, environment)
    (found,) = differences(schema, kept=kept, now=now)
    assert found.place
    assert '"ap-south-1"' in found.text
    assert '"us-east-1"' in found.text
