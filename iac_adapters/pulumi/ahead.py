"""What is worth doing before it is known what the program asks of providers."""

from __future__ import annotations

from iac_adapters.pulumi.assembly import Assembly
from iac_adapters.pulumi.baseline import Baseline
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.pulumi.values import visible
from reconciler.domain.model import Status


def recorded_providers(context: Context, *, dynamic_providers: bool) -> list[ProviderKey]:
    """Return whom the resources will be read by, if the program tells providers nothing new."""
    assembly = Assembly(context, None, Baseline({}), dynamic_providers)
    keys = {
        resource.provider.digest: resource.provider
        for resource in assembly.resources().values()
        if resource.provider is not None
        and resource.refusal is None
        and resource.recorded_as.status not in (Status.NOT_APPLICABLE, Status.NOT_CREATED)
    }
    return list(keys.values())


def read_ahead(context: Context) -> None:
    """Read the files that the recorded providers will read. Blocks where a file system hangs."""
    for resource in context.checkpoint.resources:
        if resource.is_provider:
            package = resource.type.removeprefix(PROVIDER_TYPES)
            context.surroundings.files.led(package, visible(resource.inputs))
