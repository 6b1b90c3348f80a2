"""Which variables say where a provider's objects are, and which only open the door."""

from __future__ import annotations

import json

import pytest

from iac_adapters.provider_identity import (
    ACCOUNT,
    PROJECT,
    concerning,
    differences,
    identity_of,
    told_by_arns,
)

# Examples of a public article on the format; they open nothing.
KEY = "ASIAQNZGKIQY56JQ7WML"
OTHER_ACCOUNT = "ASIAY34FZKBOKMUTVV7A"
GOOGLE = json.dumps({"project_id": "shop", "private_key": "CANARY-private"})


@pytest.mark.parametrize(
    ("environment", "identity"),
    [
        ({"AWS_REGION": "eu-west-1"}, {"AWS_REGION": "eu-west-1"}),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {"AWS_REGION": "eu-west-1"}),
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, {"AWS_REGION": "a"}),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, {"AWS_REGION": "b"}),
        ({"AWS_PROFILE": "prod"}, {"AWS_PROFILE": "prod"}),
        ({"AWS_ENDPOINT_URL_S3": "http://x"}, {"AWS_ENDPOINT_URL_S3": "http://x"}),
        ({"AWS_S3_ENDPOINT": "http://x"}, {"AWS_S3_ENDPOINT": "http://x"}),
        ({"TF_AWS_STS_ENDPOINT": "http://x"}, {"TF_AWS_STS_ENDPOINT": "http://x"}),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://x"}, {}),
        ({"AWS_ACCESS_KEY_ID": KEY}, {ACCOUNT: "029608264753"}),
        ({"AWS_ACCESS_KEY_ID": "testing"}, {}),
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, {}),
        ({"AZURE_SUBSCRIPTION_ID": "s"}, {"ARM_SUBSCRIPTION_ID": "s"}),
        ({"ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "CANARY"}, {}),
        ({"GCLOUD_PROJECT": "p", "CLOUDSDK_COMPUTE_ZONE": "z"},
         {"GOOGLE_PROJECT": "p", "GOOGLE_ZONE": "z"}),
        ({"GOOGLE_CREDENTIALS": GOOGLE}, {PROJECT: "shop"}),
        ({"GOOGLE_CREDENTIALS": "/a/key.json", "GOOGLE_APPLICATION_CREDENTIALS": "/a/key"}, {}),
        ({"KUBECONFIG": "/a/config", "KUBE_TOKEN": "CANARY"}, {"KUBE_CONFIG_PATH": "/a/config"}),
        ({"VAULT_ADDR": "https://v", "VAULT_TOKEN": "CANARY"}, {"VAULT_ADDR": "https://v"}),
        ({"GRAFANA_URL": "x", "SHOP_API_URL": "https://u:CANARY@h/p?key=CANARY"},
         {"SHOP_API_URL": "https://h/p"}),
        ({"PULUMI_BACKEND_URL": "file://x", "SSH_CONNECTION": "1", "HOSTNAME": "h"}, {}),
        ({"CI_PROJECT_ID": "7", "GITHUB_SERVER_URL": "https://g", "TRUEUP_DATA_DIR": "/d"}, {}),
    ],
)  # fmt: skip
def test_only_what_leads_to_another_world_is_identity(
    environment: dict[str, str], identity: dict[str, str]
) -> None:
    assert identity_of(environment) == identity


def test_rotated_credentials_of_one_account_are_no_difference() -> None:
    kept = identity_of({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "CANARY-1"})
    # Only the last seven characters differ: another key of the same account.
    rotated = {"AWS_ACCESS_KEY_ID": f"{KEY[:13]}QZXWVUT", "AWS_SECRET_ACCESS_KEY": "CANARY-2"}
    assert differences(kept, identity_of(rotated)) == ()


def test_a_key_without_an_account_in_it_is_no_difference() -> None:
    kept = identity_of({"AWS_ACCESS_KEY_ID": KEY})
    assert differences(kept, identity_of({"AWS_ACCESS_KEY_ID": "testing"})) == ()
    assert differences({}, kept) == ()


def test_a_difference_names_the_variable_and_both_values() -> None:
    kept = identity_of({"AWS_REGION": "us-east-1", "AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": KEY})
    now = identity_of(
        {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": "http://u:CANARY@h",
            "AWS_ACCESS_KEY_ID": OTHER_ACCOUNT,
        }
    )
    assert differences(kept, now) == (
        'AWS_ENDPOINT_URL is "http://h"; the objects were last found without it',
        'AWS_PROFILE is not set; the objects were last found with "prod"',
        'AWS_REGION is "eu-west-1"; the objects were last found with "us-east-1"',
        f'{ACCOUNT} is "609629065308"; the objects were last found with "029608264753"',
    )


@pytest.mark.parametrize(
    ("package", "kept"),
    [
        ("aws", ["AWS_REGION"]),
        ("azurerm", ["ARM_SUBSCRIPTION_ID"]),
        ("azure-native", ["ARM_SUBSCRIPTION_ID"]),
        ("gcp", ["GOOGLE_PROJECT"]),
        ("google-beta", ["GOOGLE_PROJECT"]),
        ("kubernetes", ["KUBE_CTX"]),
        ("vault", ["ARM_SUBSCRIPTION_ID", "AWS_REGION", "GOOGLE_PROJECT", "KUBE_CTX"]),
    ],
)
def test_a_provider_of_a_known_cloud_minds_its_own_variables(package: str, kept: list[str]) -> None:
    identity = {"ARM_SUBSCRIPTION_ID": "s", "AWS_REGION": "r", "GOOGLE_PROJECT": "p"}
    assert sorted(concerning({**identity, "KUBE_CTX": "c"}, package)) == kept


@pytest.mark.parametrize(
    ("arns", "told"),
    [
        (["arn:aws:sns:eu-west-1:123456789012:a", "arn:aws:iam::123456789012:role/b"],
         {"AWS_REGION": "eu-west-1", ACCOUNT: "123456789012"}),
        (["arn:aws:s3:::bucket"], {}),
        (["arn:aws:sns:eu-west-1:1:a", "arn:aws:sns:us-east-1:1:a"], {ACCOUNT: "1"}),
        (["web-1", "arn:aws:broken"], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_recorded_names_tell_region_and_account_where_they_agree(
    arns: list[str], told: dict[str, str]
) -> None:
    assert told_by_arns(arns) == told
