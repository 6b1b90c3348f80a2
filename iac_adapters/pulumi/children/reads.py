"""Children through a warm bridged provider: by a read of an id alone, or by a data source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iac_adapters.children import aws
from iac_adapters.children.answers import unless_absent
from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.pulumi.children.parents import BridgedProvider
from iac_adapters.pulumi.children.spelling import as_bridged, as_terraform, with_singulars
from iac_adapters.pulumi.cli import speakable
from iac_adapters.pulumi.provider import Subject, read_request
from iac_adapters.pulumi.reader import PulumiReader
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import Attributes, Value

_URN: Final = "urn:pulumi:trueup::trueup::"
"""A URN of no stack: a bridge takes the type from it, and keeps nothing of it."""
_LISTS: Final = frozenset(
    (rule.child, name)
    for rule in aws.RULES
    for name, made in rule.untouched.items()
    if isinstance(made, list)
)
_ELEMENTS: Final = frozenset(
    (rule.listing.source, rule.listing.attribute)
    for rule in aws.RULES
    if rule.listing is not None and rule.counts and not rule.id
)
"""Lists whose elements are children: what a rule counts is looked up in each of them."""


@dataclass(frozen=True, slots=True)
class PulumiReads:
    """Implements `children.managed.ChildReads`."""

    reader: PulumiReader
    provider: BridgedProvider
    redactor: Redactor

    async def imported(
        self, type_name: str, identity: str, *, timeout_s: float
    ) -> Attributes | None:
        """Return the object that a read of its id alone finds; None where there is none."""
        token = self.provider.called(type_name)
        if ":" not in token:
            raise PermanentError(f"this version of the provider has no {type_name}")
        subject = Subject(urn=f"{_URN}{token}::child", id=identity, type=token, name="child")
        request = read_request(subject, outputs={}, inputs={})
        try:
            answer = await self.reader.ask(
                self.provider.key,
                lambda provider: unless_absent(provider.read(request, timeout_s=timeout_s)),
            )
        except ProviderError as error:
            raise self._speakable(error) from error
        if answer is None or answer.gone:
            return None
        return self._by_terraform(type_name, visible(answer.outputs))

    async def data(
        self, source: str, arguments: Mapping[str, Value], *, timeout_s: float
    ) -> Attributes | None:
        """Return what a data source answers; None where it finds nothing."""
        tokens = self.provider.tokens
        token = tokens.data.get(source) if tokens is not None else None
        if token is None:
            raise PermanentError(f"this version of the provider has no data source {source}")
        given = as_bridged(arguments)
        try:
            answer = await self.reader.ask(
                self.provider.key,
                lambda provider: unless_absent(provider.invoke(token, given, timeout_s=timeout_s)),
            )
        except ProviderError as error:
            raise self._speakable(error) from error
        return None if answer is None else self._by_terraform(source, visible(answer))

    def _by_terraform(self, type_name: str, properties: Attributes) -> Attributes:
        """Return the properties of a type as the table of rules names them."""
        found = as_terraform(properties, below=self.provider.is_aws)
        for name, value in found.items():
            if (type_name, name) in _LISTS and isinstance(value, dict):
                found[name] = [value]
            elif (type_name, name) in _ELEMENTS and isinstance(value, list):
                found[name] = [
                    with_singulars(item) if isinstance(item, dict) else item for item in value
                ]
        return found

    def _speakable(self, error: ProviderError) -> ProviderError:
        """Return the error in words that hold no secret."""
        said = speakable(error.summary, self.redactor)
        return ProviderError(
            said, "", error.is_throttling, error.is_expired_credentials, cause=error.cause,
            remedy=error.remedy,
        )  # fmt: skip
