"""Where what comes in is kept: a storage account that only our subnet reaches."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import storage

from intake_azure.arguments import IntakeArguments


class PrivateStorage(pulumi.ComponentResource):
    """An account encrypted twice, without keys to share, and one private container in it."""

    account_name: pulumi.Output[str]
    container_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        arguments: IntakeArguments,
        *,
        resource_group: pulumi.Input[str],
        subnet_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("intake:azure:PrivateStorage", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        account = storage.StorageAccount(
            # Letters and digits only, and short: eight more make it unique, and 24 are allowed.
            f"intake{arguments.environment}",
            resource_group_name=resource_group,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_ZRS),
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            encryption=_encrypted_twice(),
            network_rule_set=storage.NetworkRuleSetArgs(
                bypass=storage.Bypass.AZURE_SERVICES,
                default_action=storage.DefaultAction.DENY,
                virtual_network_rules=[
                    storage.VirtualNetworkRuleArgs(virtual_network_resource_id=subnet_id)
                ],
            ),
            tags=arguments.all_tags(),
            opts=ours,
        )
        kept = storage.DeleteRetentionPolicyArgs(
            enabled=True, days=arguments.keep_old_versions_days
        )
        storage.BlobServiceProperties(
            f"{name}-kept",
            resource_group_name=resource_group,
            account_name=account.name,
            blob_services_name="default",
            is_versioning_enabled=True,
            delete_retention_policy=kept,
            container_delete_retention_policy=kept,
            opts=ours,
        )
        container = storage.BlobContainer(
            f"{name}-files",
            resource_group_name=resource_group,
            account_name=account.name,
            public_access=storage.PublicAccess.NONE,
            opts=ours,
        )
        self.account_name = account.name
        self.container_name = container.name
        self.register_outputs(
            {"accountName": self.account_name, "containerName": self.container_name}
        )


def _encrypted_twice() -> storage.EncryptionArgs:
    """Return encryption by the service and again by the hardware below it."""
    on = storage.EncryptionServiceArgs(enabled=True, key_type=storage.KeyType.ACCOUNT)
    return storage.EncryptionArgs(
        key_source=storage.KeySource.MICROSOFT_STORAGE,
        require_infrastructure_encryption=True,
        services=storage.EncryptionServicesArgs(blob=on, file=on),
    )
