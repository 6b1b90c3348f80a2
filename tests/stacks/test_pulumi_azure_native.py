"""The Azure intake, against the real SDK."""

from __future__ import annotations

import pytest

from tests.stacks.program import AZURE, Ran

GUARD = "azure-native:network:NetworkSecurityGroup"
NETWORK = "azure-native:network:VirtualNetwork"
ACCOUNT = "azure-native:storage:StorageAccount"
NAMESPACE = "azure-native:servicebus:Namespace"
KEPT = "azure-native:storage:BlobServiceProperties"


@pytest.fixture(scope="module")
def changed() -> Ran:
    return AZURE.run(
        {
            "environment": "production",
            "owner": "Web & Shop",
            "networkCidr": "192.168.0.0/24",
            "allowedCidrs": ["198.51.100.0/24", "203.0.113.7/32"],
            "keepOldVersionsDays": 365,
            "tags": {"cost centre": "42"},
        }
    )


def test_it_registers_what_it_promises(azure: Ran) -> None:
    assert azure.types() == {
        "intake:azure:Intake": 1,
        "intake:azure:NetworkEdge": 1,
        "intake:azure:PrivateStorage": 1,
        "intake:azure:WorkQueue": 1,
        "azure-native:resources:ResourceGroup": 1,
        GUARD: 1,
        NETWORK: 1,
        ACCOUNT: 1,
        KEPT: 1,
        "azure-native:storage:BlobContainer": 1,
        NAMESPACE: 1,
        "azure-native:servicebus:Queue": 1,
    }


def test_the_world_reaches_443_and_nothing_else(azure: Ran) -> None:
    https, rest = sorted(azure.only(GUARD).inputs["securityRules"], key=lambda r: r["priority"])

    assert https["direction"] == rest["direction"] == "Inbound"
    assert (https["access"], https["protocol"], https["destinationPortRange"]) == (
        "Allow",
        "Tcp",
        "443",
    )
    assert https["sourceAddressPrefixes"] == ["0.0.0.0/0"]
    assert (rest["access"], rest["protocol"], rest["priority"]) == ("Deny", "*", 4096)
    assert rest["sourceAddressPrefix"] == rest["destinationPortRange"] == "*"


def test_the_only_subnet_is_guarded(azure: Ran) -> None:
    (subnet,) = azure.only(NETWORK).inputs["subnets"]

    assert subnet["networkSecurityGroup"] == {"id": azure.outputs["securityGroupId"]}
    assert subnet["defaultOutboundAccess"] is False


def test_storage_is_closed_to_the_public_and_to_shared_keys(azure: Ran) -> None:
    account = azure.only(ACCOUNT).inputs

    assert account["allowBlobPublicAccess"] is False
    assert account["allowSharedKeyAccess"] is False
    assert account["allowCrossTenantReplication"] is False
    assert account["networkRuleSet"]["defaultAction"] == "Deny"
    assert [
        r["virtualNetworkResourceId"] for r in account["networkRuleSet"]["virtualNetworkRules"]
    ] == [azure.outputs["subnetId"]]
    assert azure.only("azure-native:storage:BlobContainer").inputs["publicAccess"] == "None"


def test_storage_is_encrypted_on_the_way_and_twice_at_rest(azure: Ran) -> None:
    account = azure.only(ACCOUNT).inputs

    assert account["enableHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert account["encryption"]["requireInfrastructureEncryption"] is True
    assert {name: kind["enabled"] for name, kind in account["encryption"]["services"].items()} == {
        "blob": True,
        "file": True,
    }


def test_the_queue_knows_its_callers_by_identity(azure: Ran) -> None:
    namespace = azure.only(NAMESPACE).inputs
    queue = azure.only("azure-native:servicebus:Queue").inputs

    assert namespace["disableLocalAuth"] is True
    assert namespace["minimumTlsVersion"] == "1.2"
    assert (queue["maxDeliveryCount"], queue["deadLetteringOnMessageExpiration"]) == (5, True)


def test_everything_lies_in_its_own_resource_group(azure: Ran) -> None:
    groups = {
        r.inputs["resourceGroupName"] for r in azure.resources if "resourceGroupName" in r.inputs
    }

    assert groups == {azure.outputs["resourceGroupName"]}


def test_it_exports_where_everything_is(azure: Ran) -> None:
    assert azure.outputs == {
        "resourceGroupName": "intake-dev-group",
        "networkId": "intake-dev-network-id",
        "subnetId": "intake-dev-network-id/subnets/edge",
        "securityGroupId": "intake-dev-https-id",
        "accountName": "intakedev",
        "containerName": "intake-dev-files",
        "namespaceName": "intake-dev-bus",
        "queueName": "intake-dev-work",
    }


def test_every_setting_is_honoured(changed: Ran) -> None:
    https, _ = changed.only(GUARD).inputs["securityRules"]
    network = changed.only(NETWORK).inputs

    assert changed.error is None
    assert https["sourceAddressPrefixes"] == ["198.51.100.0/24", "203.0.113.7/32"]
    assert network["addressSpace"] == {"addressPrefixes": ["192.168.0.0/24"]}
    assert network["subnets"][0]["addressPrefix"] == "192.168.0.0/28"
    assert changed.only(KEPT).inputs["deleteRetentionPolicy"] == {"enabled": True, "days": 365}


def test_whatever_bears_tags_bears_all_of_them(changed: Ran) -> None:
    tagged = [resource for resource in changed.resources if "tags" in resource.inputs]

    assert len(tagged) == 5
    for resource in tagged:
        assert resource.inputs["tags"] == {
            "cost centre": "42",
            "environment": "production",
            "managed-by": "pulumi",
            "owner": "Web & Shop",
        }


def test_the_account_name_leaves_room_for_what_makes_it_unique(changed: Ran) -> None:
    name = changed.only(ACCOUNT).name

    # Azure takes lower-case letters and digits, 24 at most; Pulumi appends eight.
    assert name.isalnum()
    assert name == name.lower()
    assert len(name) <= 24 - 8


def test_a_bad_setting_is_refused_before_anything_is_registered() -> None:
    refused = AZURE.run({"keepOldVersionsDays": 400})

    assert refused.error == "keep_old_versions_days must be 1 to 365, not 400"
    assert refused.resources == ()
