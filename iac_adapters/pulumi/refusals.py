"""Why a recorded resource cannot be read at all. Pure."""

from __future__ import annotations

from typing import Final

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.provider_config import NODE_DYNAMIC, PYTHON_DYNAMIC, ProviderKey

NOT_ALLOWED: Final = (
    "its provider is code inside the stack's state, and running that is not allowed;"
    " `dynamic_providers = true` in [[stack]], or --dynamic-providers, allows it"
)
ONLY_BY_CLI: Final = (
    "its provider is JavaScript code inside the stack's state, which only the CLI runs"
)


def refusal_of(
    state: StateResource, key: ProviderKey | None, *, dynamic_providers: bool
) -> str | None:
    """Return why its provider, `key`, is not asked; None where it may be."""
    if key is None:
        return f"the state names no provider for it ({state.provider or 'none'})"
    if key.package == PYTHON_DYNAMIC and not dynamic_providers:
        return NOT_ALLOWED
    return ONLY_BY_CLI if key.package == NODE_DYNAMIC else None
