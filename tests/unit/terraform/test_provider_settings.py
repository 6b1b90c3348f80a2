"""Which differences of a provider's configuration name another place, and how they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.terraform.cty import MapOf, Primitive
from iac_adapters.terraform.identity_variables import variables_for
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider_settings import (
    ProviderSettings,
    decoded,
    differences,
    is_of,
    label_of,
    sentence,
    with_credentials_of,
)
from iac_adapters.terraform.schema import Attribute, Block, NestedBlock, Nesting, ResourceSchema
from iac_adapters.terraform.state import ProviderReference
from iac_adapters.terraform.values import encode
from reconciler.domain.values import UNKNOWN, Attributes

_TEXT = Attribute(Primitive.STRING, optional=True)
_ROLE = Block({"role_arn": _TEXT, "session_name": _TEXT})
SCHEMA = ResourceSchema(
    0,
    Block(
        {
            "region": _TEXT,
            "endpoint": _TEXT,
            "access_key": _TEXT,
            "pin": Attribute(Primitive.STRING, optional=True, sensitive=True),
            "labels": Attribute(MapOf(Primitive.STRING), optional=True),
        },
        {"assume_role": NestedBlock(Nesting.LIST, _ROLE)},
    ),
)
AWS = "registry.terraform.io/hashicorp/aws"


def settings(config: Attributes, **environment: str) -> ProviderSettings:
    request = message("ConfigureRequest")(terraform_version="1.11.4")
    request.config.msgpack = encode(config, SCHEMA)
    return ProviderSettings.of(
        AWS, request.SerializeToString(), ProviderFiles(environment, Path("/"))
    )


def told(kept: ProviderSettings, now: ProviderSettings) -> str:
    return sentence(differences(SCHEMA, kept=kept, now=now))


KEPT = settings({"region": "us-east-1", "access_key": "AKIA-OLD", "pin": "1234"})


def test_equal_settings_and_empty_ones_do_not_differ() -> None:
    assert told(KEPT, KEPT) == ""
    assert told(settings({"region": ""}), settings({})) == ""


def test_new_credentials_do_not_differ_and_are_laid_over_what_was_kept() -> None:
    now = settings({"region": "us-east-1", "access_key": "AKIA-NEW", "pin": "9999"})
    assert told(KEPT, now) == ""
    moved = settings({"region": "eu-west-1", "access_key": "AKIA-NEW", "pin": "9999"})
    laid = decoded(with_credentials_of(SCHEMA, kept=KEPT, now=moved), SCHEMA)
    assert laid is not None
    assert (laid["region"], laid["access_key"], laid["pin"]) == ("us-east-1", "AKIA-NEW", "9999")


def test_a_session_name_rotates_and_a_role_does_not() -> None:
    def role(arn: str, session: str) -> ProviderSettings:
        return settings({"assume_role": [{"role_arn": arn, "session_name": session}]})

    assert told(role("arn:1", "monday"), role("arn:1", "tuesday")) == ""
    assert told(role("arn:1", "monday"), role("arn:2", "tuesday")) == (
        'assume_role[0].role_arn is "arn:2" in code; the objects were recorded with "arn:1"'
    )


def test_what_differs_is_told_without_secrets() -> None:
    now = settings({"endpoint": "https://user:hunter2@host/", "pin": "5555"})
    sentence_ = told(KEPT, now)
    assert sentence_ == (
        'endpoint is "https://host/" in code; the objects were recorded with none;'
        ' region is not set in code; the objects were recorded with "us-east-1"'
    )


def test_many_differences_are_counted() -> None:
    now = settings({"region": "us-east-1", "labels": {str(n): "x" for n in range(9)}})
    assert told(settings({"region": "us-east-1", "labels": {"a": "x"}}), now).endswith("and 6 more")


def test_a_configuration_that_is_not_known_is_a_difference() -> None:
    assert "not known before an apply" in told(KEPT, settings({"region": UNKNOWN}))
    assert "not known before an apply" in told(KEPT, ProviderSettings(b""))


def test_a_variable_that_names_another_place_differs() -> None:
    before = settings({}, AWS_REGION="us-east-1")
    assert told(before, settings({}, AWS_REGION="eu-west-1")) == (
        'AWS_REGION is "eu-west-1"; the objects were last found with "us-east-1"'
    )
    assert told(before, settings({})).startswith("AWS_REGION is not set")


def test_a_variable_that_the_block_outranks_does_not_differ() -> None:
    before = settings({"region": "us-east-1"}, AWS_REGION="us-east-1")
    assert told(before, settings({"region": "us-east-1"}, AWS_REGION="eu-west-1")) == ""


@pytest.mark.parametrize(
    ("source", "variable", "counts"),
    [
        (AWS, "AWS_REGION", True),
        (AWS, "AWS_PROFILE", True),
        (AWS, "AWS_ENDPOINT_URL_S3", True),
        (AWS, "AWS_ACCESS_KEY_ID", False),
        (AWS, "AWS_SECRET_ACCESS_KEY", False),
        (AWS, "AWS_SESSION_TOKEN", False),
        (AWS, "GOOGLE_PROJECT", False),
        ("r/hashicorp/local", "AWS_REGION", False),
        ("r/hashicorp/azurerm", "ARM_SUBSCRIPTION_ID", True),
        ("r/hashicorp/azurerm", "ARM_CLIENT_SECRET", False),
        ("r/hashicorp/google", "GOOGLE_CLOUD_PROJECT", True),
        ("r/hashicorp/google", "GOOGLE_OAUTH_ACCESS_TOKEN", False),
        ("r/hashicorp/kubernetes", "KUBE_CTX", True),
        ("r/hashicorp/kubernetes", "KUBECONFIG", True),
        ("r/someone/rabbitmq", "RABBITMQ_ENDPOINT", True),
        ("r/someone/rabbitmq", "RABBITMQ_PASSWORD", False),
    ],
)
def test_variables_count_that_name_a_place_of_the_provider(
    source: str, variable: str, *, counts: bool
) -> None:
    assert (variable in variables_for(source, {variable: "value"})) is counts


def test_a_label_tells_alias_and_module() -> None:
    assert label_of(ProviderReference(AWS, None, "")) == AWS
    label = label_of(ProviderReference(AWS, "west", "module.net"))
    assert label == f"{AWS}.west in module.net"
    assert is_of(label, AWS)
    assert not is_of(f"{AWS}cc", AWS)
