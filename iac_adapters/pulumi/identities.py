"""Where each provider of a stack looked when its objects were last found.

A default provider may take its region or account from the environment alone, and then nothing
in the record tells that it looks elsewhere today: every object is simply not there. So what of
environment and configuration leads it somewhere is kept, sealed, as of the last good scan.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import msgpack

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.provider_identity import concerning, differences, identity_of, told_by_arns
from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.baseline import stack_key
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider_edits import ProviderEdit
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.sealed_files import SealedFiles
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Observed,
    Origin,
    ProviderDoubt,
    RecordedResource,
    Unmanaged,
    Unreadable,
)

_FORMAT: Final = 2  # 1 knew no profile that a provider's own inputs name
_MOST: Final = 10_000
_MOST_BYTES: Final = 64 * 2**20

Identities: TypeAlias = Mapping[str, Mapping[str, str]]
"""By a provider's label what leads it somewhere: variables and settings, no secret among them."""


class KnownIdentities:
    """The identities of the last good scan, one sealed file a stack."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._files = SealedFiles(
            folder,
            key=key,
            purpose="trueup pulumi providers",
            suffix=".providers",
            most=_MOST,
            most_bytes=_MOST_BYTES,
        )

    def load(self, place: Place) -> Identities:
        """Return what is kept of the stack; empty when nothing is."""
        content = self._files.load(stack_key(place))
        if content is None:
            return {}
        try:
            kept = msgpack.unpackb(content)
            return dict(kept["providers"]) if kept["format"] == _FORMAT else {}
        except (ValueError, TypeError, KeyError):
            return {}

    def store(self, place: Place, identities: Identities) -> None:
        """Keep `identities` in place of what was kept of the stack."""
        providers = {label: dict(identity) for label, identity in identities.items()}
        content: bytes = msgpack.packb({"format": _FORMAT, "providers": providers})
        self._files.store(stack_key(place), content)


def identities_of(
    edits: Iterable[ProviderEdit], files: ProviderFiles, digester: SecretDigester
) -> Identities:
    """Return what leads each provider somewhere, as it is recorded and set now."""
    found: dict[str, dict[str, str]] = {}
    for edit in edits:
        settings = edit.settings(digester)
        led = files.led(edit.package, visible(edit.recorded))
        variables = concerning(identity_of(led.environment), edit.package)
        ruling = {n: v for n, v in variables.items() if not _is_outranked(n, settings)}
        identity = {**ruling, **led.identity, **settings}
        found[edit.label] = {**identity, **found.get(edit.label, {})}
    return found


def recorded_in(resources: Iterable[LoadedResource], now: Identities) -> Identities:
    """Return where the recorded objects say that they are, for what `now` says elsewise or alike.

    What was never found by us has no other witness: a first scan in the wrong region.
    """
    arns: dict[str, list[str]] = defaultdict(list)
    for resource in resources:
        arn = resource.recorded.outputs.get("arn") if resource.recorded is not None else None
        if isinstance(arn, str):
            arns[resource.recorded_as.provider].append(arn)
    return {
        label: {**identity, **{n: v for n, v in told_by_arns(arns[label]).items() if n in identity}}
        for label, identity in now.items()
        if label in arns
    }


def _is_outranked(variable: str, settings: Mapping[str, str]) -> bool:
    """Whether the configuration itself says what the variable would: `region` for `AWS_REGION`."""
    meant = variable.partition("_")[2].replace("_", "").lower()
    return any(name.lower() == meant for name in settings)


def doubts_of(kept: Identities, now: Identities) -> tuple[ProviderDoubt, ...]:
    """Return a doubt for each setting that differs from the last good scan."""
    return tuple(
        ProviderDoubt(label, reason)
        for label, identity in now.items()
        if label in kept
        for reason in differences(kept[label], identity)
    )


@dataclass(slots=True)
class IdentityCount:
    """One whole scan, counted by provider while it goes on."""

    labels: Mapping[str, str]
    found: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)

    def take(self, seen: Observed) -> None:
        """Count one object, if there was one to be read."""
        label = self.labels.get(seen.address, "")
        match seen.verdict:
            case Missing(origin=origin) if origin is not Origin.UNAPPLIED:
                self.gone[label] += 1
            case InSync() | Noise() | Drifted() | Unmanaged():
                self.found[label] += 1
            case Unreadable():
                self.unreadable[label] += 1
            case _:
                pass

    def proven(self, kept: Identities, now: Identities) -> Identities:
        """Return what is to be kept: `now` for each provider that has shown its objects.

        One that looks elsewhere than before must have shown all of them: some, such as a
        global role, are found from any region. One that is new must have shown most.
        """
        proven = {
            label: identity
            for label, identity in now.items()
            if self._is_proven(label, kept, identity)
        }
        return {**{label: identity for label, identity in kept.items() if label in now}, **proven}

    def _is_proven(self, label: str, kept: Identities, now: Mapping[str, str]) -> bool:
        if self.unreadable[label] or not self.found[label]:
            return False
        if label in kept and differences(kept[label], now):
            return not self.gone[label]
        return self.found[label] > self.gone[label]


def identity_count(resources: Iterable[RecordedResource]) -> IdentityCount:
    """Return a scan of `resources` in which nothing has been seen yet."""
    return IdentityCount(
        {resource.address: resource.provider for resource in resources if resource.provider}
    )
