"""Writes `provider.tf` of a stack, with the simulator in the environment or in the block itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_REGION = "us-east-1"

REQUIRED = """\
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}
"""

SETTINGS = (
    ("max_retries", "2"),
    ("s3_use_path_style", "true"),
    ("skip_credentials_validation", "true"),
    ("skip_metadata_api_check", "true"),
    ("skip_requesting_account_id", "false"),
)

ENDPOINT_SERVICES = [
    "acm",
    "apigateway",
    "autoscaling",
    "cloudwatch",
    "cognitoidp",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "events",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
]


def provider_file(
    *,
    aliases: Mapping[str, str] | None = None,
    default_tags: Mapping[str, str] | None = None,
    endpoint: str | None = None,
) -> str:
    """Return the file's text, formatted as `terraform fmt` would; `endpoint` adds the block."""
    blocks = [REQUIRED, _provider(None, DEFAULT_REGION, default_tags or {}, endpoint)]
    blocks += [
        _provider(alias, region, default_tags or {}, endpoint)
        for alias, region in (aliases or {}).items()
    ]
    return "\n".join(blocks)


def _provider(
    alias: str | None, region: str, default_tags: Mapping[str, str], endpoint: str | None
) -> str:
    settings = [] if alias is None else [("alias", json.dumps(alias))]
    settings += [("region", json.dumps(region)), *SETTINGS]
    lines = _aligned(settings, indent=2)
    if default_tags:
        quoted = [(_key(key), json.dumps(value)) for key, value in default_tags.items()]
        lines += [
            "",
            "  default_tags {",
            "    tags = {",
            *_aligned(quoted, indent=6),
            "    }",
            "  }",
        ]
    if endpoint is not None:
        services = [(service, json.dumps(endpoint)) for service in ENDPOINT_SERVICES]
        lines += ["", "  endpoints {", *_aligned(services, indent=4), "  }"]
    return "\n".join(['provider "aws" {', *lines, "}", ""])


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def _aligned(settings: list[tuple[str, str]], indent: int) -> list[str]:
    width = max(len(name) for name, _ in settings)
    return [f"{' ' * indent}{name.ljust(width)} = {value}" for name, value in settings]
