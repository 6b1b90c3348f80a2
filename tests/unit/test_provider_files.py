"""Files that a provider reads by itself: what of them counts, for whom, and what an edit means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.provider_identity import concerning, identity_of
from iac_adapters.pulumi.identities import doubts_of, identities_of
from iac_adapters.pulumi.provider_edits import ProviderEdit
from iac_adapters.read_files import unchanged
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.cty import Primitive
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider_settings import Difference, ProviderSettings, differences
from iac_adapters.terraform.schema import Attribute, Block, ResourceSchema
from iac_adapters.terraform.values import encode

CONFIG = """
[default]
region = us-east-1
s3 =
  addressing_style = path

[profile prod]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/deploy

[profile sso]
sso_account_id = 111111111111
credential_process = /bin/login --password CANARY-process
services = local

[services local]
s3 =
  endpoint_url = http://one
"""
KUBE = """
current-context: prod
contexts:
- {name: prod, context: {cluster: prod, user: ana, namespace: shop}}
- {name: test, context: {cluster: test, user: ana}}
clusters:
- {name: prod, cluster: {server: "https://u:CANARY-server@prod", certificate-authority-data: QUJD}}
- {name: test, cluster: {server: "https://test"}}
users:
- {name: ana, user: {token: CANARY-token}}
"""
ADC = '{"project_id": "keys", "private_key": "CANARY-private"}'
GCLOUD = "[core]\nproject = shop\naccount = ana@example.org\n[compute]\nregion = europe-west1\n"
AWS = "registry.terraform.io/hashicorp/aws"
KUBERNETES = "registry.terraform.io/hashicorp/kubernetes"
_NAMES = ("region", "profile", "config_path", "config_context")
ANOTHER = "is another one than the objects were last found with"
SCHEMA = ResourceSchema(
    0, Block({name: Attribute(Primitive.STRING, optional=True) for name in _NAMES})
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    files = {
        ".aws/config": CONFIG,
        ".aws/credentials": "[prod]\naws_access_key_id = AKIAEXAMPLE\n",
        ".kube/config": KUBE,
        ".config/gcloud/active_config": "work\n",
        ".config/gcloud/configurations/config_work": GCLOUD,
        "key.json": ADC,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
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
    led = ProviderFiles(environment, home).led("aws", {})
    assert dict(led.environment) == {**environment, **told}


def test_what_is_no_file_of_settings_says_nothing(home: Path) -> None:
    environment = {"HOME": str(home)}
    (home / ".aws" / "config").write_bytes(b"\xff region")
    assert ProviderFiles(environment, home).led("aws", {}).environment == environment
    (home / ".aws" / "config").unlink()
    os.mkfifo(home / ".aws" / "config")
    assert ProviderFiles(environment, home).led("aws", {}).environment == environment
    for text in ("[1, 2]", "{", "contexts: 7\nclusters: [7]\ncurrent-context: x"):
        (home / ".kube" / "config").write_text(text)
        assert ProviderFiles(environment, home).led("kubernetes", {}).identity == {}


@pytest.mark.parametrize(
    ("package", "settings", "told"),
    [
        ("random", {}, {}),
        ("azurerm", {}, {}),
        ("kubernetes", {},
         {"server in the kubeconfig": "https://prod", "namespace in the kubeconfig": "shop",
          "certificate authority in the kubeconfig": "sha256:b5d4045c3f466fa9"}),
        ("kubernetes", {"config_path": "~/.kube/config", "config_context": "test"},
         {"server in the kubeconfig": "https://test", "namespace in the kubeconfig": "default"}),
        ("helm", {"kubernetes": [{"config_path": "~/.kube/config", "config_context": "test"}]},
         {"server in the kubeconfig": "https://test", "namespace in the kubeconfig": "default"}),
        ("kubernetes", {"kubeconfig": ".kube/config", "context": "test"},
         {"server in the kubeconfig": "https://test", "namespace in the kubeconfig": "default"}),
        ("kubernetes", {"kubeconfig": KUBE}, {}),
        ("kubernetes", {"host": "https://x"}, {}),
        ("google", {"credentials": "key.json"},
         {"project in the gcloud configuration": "shop",
          "account in the gcloud configuration": "ana@example.org",
          "region in the gcloud configuration": "europe-west1",
          "project_id in the file of Google credentials": "keys"}),
        ("aws", {"profile": "sso"},
         {"sso_account_id in the AWS profile": "111111111111",
          "credential_process in the AWS profile": "sha256:6e0e5a5ba1a1b4b2",
          "services in the AWS profile": "sha256:0"}),
    ],
)  # fmt: skip
def test_files_are_read_by_package_and_by_the_names_that_the_configuration_gives(
    home: Path, package: str, settings: Mapping[str, object], told: Mapping[str, str]
) -> None:
    found = ProviderFiles({"HOME": str(home)}, home).led(package, settings).identity
    assert found.keys() == told.keys()
    assert "CANARY" not in repr(found)
    for name, value in told.items():
        assert found[name] == value or found[name].startswith("sha256:")


def aws(files: ProviderFiles, **config: str) -> ProviderSettings:
    return settings_of(AWS, files, **config)


def settings_of(source: str, files: ProviderFiles, **config: str) -> ProviderSettings:
    request = message("ConfigureRequest")()
    request.config.msgpack = encode(dict.fromkeys(_NAMES) | config, SCHEMA)
    return ProviderSettings.of(source, request.SerializeToString(), files)


@pytest.mark.parametrize(
    ("config", "old", "new"),
    [
        ({}, "us-east-1", "ap-south-1"),
        ({"profile": "prod"}, "eu-west-1", "ap-south-2"),
    ],
)
def test_a_region_that_was_edited_in_the_file_is_another_place(
    home: Path, config: Mapping[str, str], old: str, new: str
) -> None:
    environment = {"HOME": str(home)}
    kept = aws(ProviderFiles(environment, home), **config)
    (home / ".aws" / "config").write_text(CONFIG.replace(old, new))
    now = aws(ProviderFiles(environment, home), **config)
    text = f'AWS_REGION is "{new}"; the objects were last found with "{old}"'
    assert differences(SCHEMA, kept=kept, now=now) == (Difference(text, place=True),)
    assert kept.environment["AWS_REGION"] == old


def test_a_profile_that_the_block_names_outranks_the_keys_of_the_environment(home: Path) -> None:
    key, other = "ASIAQNZGKIQY56JQ7WML", "ASIAY34FZKBOKMUTVV7A"
    (home / ".aws" / "credentials").write_text(f"[prod]\naws_access_key_id = {key}\n")
    environment = {"HOME": str(home), "AWS_ACCESS_KEY_ID": other}
    account = "account of AWS_ACCESS_KEY_ID"
    files = ProviderFiles(environment, home)
    assert aws(files).identity[account] != aws(files, profile="prod").identity[account]
    assert account not in aws(files, profile="sso").identity
    assert key not in repr((aws(files, profile="prod").identity, aws(files).environment))


def test_a_kubeconfig_that_leads_to_another_cluster_is_a_difference_that_no_variable_undoes(
    home: Path,
) -> None:
    environment = {"HOME": str(home)}
    kept = settings_of(KUBERNETES, ProviderFiles(environment, home), config_path="~/.kube/config")
    (home / ".kube" / "config").write_text(
        KUBE.replace("current-context: prod", "current-context: test")
    )
    files = ProviderFiles(environment, home)
    found = differences(
        SCHEMA, kept=kept, now=settings_of(KUBERNETES, files, config_path="~/.kube/config")
    )
    assert [one.text for one in found] == [
        'namespace in the kubeconfig is "default"; the objects were last found with "shop"',
        'server in the kubeconfig is "https://test"; the objects were last found with "https://prod"',
    ]
    assert not any(one.restorable for one in found)


def edit(package: str, **inputs: str) -> ProviderEdit:
    return ProviderEdit(f"{package} (default)", inputs, inputs, inputs)


def test_pulumi_reads_the_profile_that_the_inputs_name_and_for_aws_alone(home: Path) -> None:
    environment = {"HOME": str(home)}

    def identities() -> tuple[ProviderFiles, Mapping[str, Mapping[str, str]]]:
        files = ProviderFiles(environment, home)
        edits = (edit("aws", profile="prod"), edit("random"), edit("kubernetes"))
        return files, identities_of(edits, files, SecretDigester(b"k"))

    files, kept = identities()
    assert kept["aws (default)"]["AWS_REGION"] == "eu-west-1"
    assert kept["random (default)"] == {}
    assert unchanged(files.stamps)
    (home / ".aws" / "config").write_text(CONFIG.replace("eu-west-1", "ap-south-2"))
    (home / ".kube" / "config").write_text(KUBE.replace("QUJD", "REVG"))
    assert not unchanged(files.stamps)
    reasons = {(doubt.provider, doubt.reason) for doubt in doubts_of(kept, identities()[1])}
    assert reasons == {
        (
            "aws (default)",
            'AWS_REGION is "ap-south-2"; the objects were last found with "eu-west-1"',
        ),
        (
            "kubernetes (default)",
            f"certificate authority in the kubeconfig {ANOTHER}",
        ),
    }


def test_files_are_not_read_for_a_package_that_does_not_look_at_them(home: Path) -> None:
    files = ProviderFiles({"HOME": str(home)}, home)
    files.led("random", {})
    files.led("rabbitmq", {})
    assert files.stamps == {}
    assert concerning(identity_of(files.environment), "random") == {}
