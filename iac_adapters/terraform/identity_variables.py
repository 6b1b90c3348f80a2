"""The variables that tell one provider where its objects are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iac_adapters.provider_identity import concerning, identity_of

_ONE_OF_EACH: Final = {"ARM_TENANT_ID": "", "AWS_REGION": "", "GOOGLE_PROJECT": "", "KUBE_CTX": ""}
_CLOUDS: Final = ("aws", "azurerm", "google", "kubernetes")
# They say who asks as well, and whoever asks today does so with the credentials of today.
_CREDENTIALS: Final = frozenset({"AWS_ACCESS_KEY_ID", "GOOGLE_CREDENTIALS"})


def identity_for(source: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what `environment` says of the place of the provider `source`; no secret is in it."""
    package = source.rsplit("/", 1)[-1]
    identity = identity_of(environment)
    own = dict(concerning(identity, package))
    if concerning(_ONE_OF_EACH, package) != _ONE_OF_EACH:
        return own
    # A provider of no large cloud is not led elsewhere by the region of one.
    clouds = {name for cloud in _CLOUDS for name in concerning(identity, cloud)}
    return {name: value for name, value in own.items() if name not in clouds}


def variables_for(source: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables behind `identity_for` as they are; a URL may hold a password."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _CREDENTIALS and identity_for(source, {name: value})
    }
