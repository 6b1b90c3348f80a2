"""What questions about children need to know of a Pulumi stack's resources. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from iac_adapters.children.managed import Managed
from iac_adapters.pulumi.children.spelling import as_bridged, as_terraform, own_snaked, snaked
from iac_adapters.pulumi.children.tokens import Tokens
from iac_adapters.pulumi.dependencies import dependencies_in
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.model import ResourceAddress
from reconciler.domain.spelling import canonical_type
from reconciler.domain.values import Attributes, Value

AWS: Final = "aws"
"""The package of the AWS provider, however it is bridged."""


@dataclass(frozen=True, slots=True, repr=False)
class BridgedProvider:
    """Implements `children.managed.ChildProvider`, by its tokens and by what the stack declares.

    `tokens` are None for other makers' providers, of which no name is known.
    """

    key: ProviderKey
    tokens: Tokens | None
    declared: Mapping[str, Sequence[LoadedResource]]

    @property
    def digest(self) -> str:
        """What tells the configuration from every other one."""
        return self.key.digest

    @property
    def is_aws(self) -> bool:
        """Whether it is the AWS provider behind a bridge."""
        return self.tokens is not None

    def called(self, type_name: str) -> str:
        """Return the token of a type."""
        if self.tokens is not None:
            return self.tokens.resources.get(type_name, type_name)
        example = next(iter(self.declared.get(type_name, ())), None)
        return type_name if example is None else str(example.recorded_as.type)

    def spelled(self, name: str, value: Value) -> tuple[str, Value]:
        """Return an attribute as a bridge writes it: `policy_arn` as `policyArn`."""
        ((theirs, shown),) = as_bridged({name: value}, below=self.is_aws).items()
        return theirs, shown

    def settable(self, type_name: str) -> frozenset[str]:
        """Return the inputs that resources of the type have."""
        declared = self.declared.get(type_name, ())
        inputs = (resource.state.inputs for resource in declared if resource.state is not None)
        return frozenset(name for given in inputs for name in own_snaked(visible(given)))

    def types_below(self, type_name: str) -> Iterable[str]:
        """Return the types that are named after a type."""
        return () if self.tokens is None else self.tokens.below(type_name)

    def secrets_of(self, type_name: str) -> SecretPaths | None:
        """Return the places that are secret in any resource of the type."""
        states = [
            resource.state
            for resource in self.declared.get(type_name, ())
            if resource.state is not None
        ]
        named = snaked if self.is_aws else own_snaked
        sides = [named(dict(side)) for state in states for side in (state.inputs, state.outputs)]
        outputs = {name for state in states for name in state.secret_outputs}
        return secrets_of(sides, own_snaked(dict.fromkeys(outputs)))


def aws_keys(stack: LoadedStack) -> dict[str, ProviderKey]:
    """Return the configurations of the AWS provider that objects of `stack` belong to."""
    keys = (resource.provider for resource in stack.resources.values())
    return {key.digest: key for key in keys if key is not None and key.package == AWS}


def managed_of(stack: LoadedStack, tokens: Mapping[str, Tokens]) -> dict[ResourceAddress, Managed]:
    """Return every resource of `stack`; `tokens` are those of AWS configurations, by digest."""
    types = {address: _type(resource, tokens) for address, resource in stack.resources.items()}
    declared: defaultdict[str, list[LoadedResource]] = defaultdict(list)
    for address, resource in stack.resources.items():
        declared[types[address]].append(resource)
    return {
        address: _managed(resource, types[address], tokens, declared)
        for address, resource in stack.resources.items()
    }


def _managed(
    resource: LoadedResource,
    type_name: str,
    tokens: Mapping[str, Tokens],
    declared: Mapping[str, Sequence[LoadedResource]],
) -> Managed:
    recorded, state, key = resource.recorded_as, resource.state, resource.provider
    provider = None
    is_ours = state is not None and state.custom and not state.external and not state.is_provider
    # Without its tokens nobody can ask for a type of AWS.
    can_tell = key is not None and (key.package != AWS or key.digest in tokens)
    if key is not None and is_ours and can_tell and resource.refusal is None:
        provider = BridgedProvider(key, tokens.get(key.digest), declared)
    depends_on = dependencies_in(state.content) if state is not None else frozenset()
    return Managed(
        address=recorded.address,
        type=type_name,
        status=recorded.status,
        read=partial(_attributes_of, resource),
        dependencies=tuple(ResourceAddress(urn) for urn in sorted(depends_on)),
        provider=provider,
    )


def _type(resource: LoadedResource, tokens: Mapping[str, Tokens]) -> str:
    """Return Terraform's name of a resource's type."""
    token, key = resource.recorded_as.type, resource.provider
    own = tokens.get(key.digest) if key is not None else None
    # What is not created has no provider yet; under another name its code would not count.
    for names in (own, *tokens.values()):
        if names is not None and token in names.types:
            return names.types[token]
    return canonical_type(token)


def _attributes_of(resource: LoadedResource) -> Attributes:
    """Return the recorded outputs, by Terraform's names."""
    state = resource.state
    if state is None:
        return {}
    return {**as_terraform(visible(state.outputs), below=False), "id": state.id}
