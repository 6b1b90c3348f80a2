"""Words that must not be said: what a stack's secrets are, and text without them.

Tools and providers quote values in their errors. What is known to be secret in a stack is
blanked there, whoever quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from iac_adapters.terraform.diagnostics_text import without_secrets
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.masking import Secrets
from iac_adapters.terraform.schema import Block, ResourceSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.values import Value

_BLANK: Final = "***"
_RECOGNISABLE: Final = 8
_TELLING: Final = re.compile(
    r"SECRET|TOKEN|PASSW|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY", re.IGNORECASE
)
_WITHOUT_SCHEMA: Final = ResourceSchema(version=0, block=Block())


@dataclass(frozen=True, slots=True, repr=False)
class Unspoken:
    """The secret words of one stack."""

    words: frozenset[str] = frozenset()

    def without(self, text: str) -> str:
        """Return `text` with each of them blanked, and whatever else looks like a credential."""
        for word in sorted(self.words, key=len, reverse=True):
            text = text.replace(word, _BLANK)
        return without_secrets(text)


def unspoken_of(resources: Iterable[LoadedResource], environment: Mapping[str, str]) -> Unspoken:
    """Return the secret words in recorded values, in the code's values and in `environment`."""
    words = {word for resource in resources for word in _words_of(resource)}
    words |= {
        value
        for name, value in environment.items()
        if len(value) >= _RECOGNISABLE and _TELLING.search(name)
    }
    return Unspoken(frozenset(words))


def _words_of(resource: LoadedResource) -> Iterator[str]:
    instance, wire = resource.instance, resource.wire
    if instance is None:
        return
    known = resource.schema.resource(instance.type) if resource.schema is not None else None
    if known is not None and not (instance.sensitive_paths or has_secrets(known.block)):
        return
    values: list[Value] = []
    if instance.attributes_json is not None:
        values.append(orjson.loads(instance.attributes_json))
    if wire is not None and wire.config is not None and known is not None:
        values.append(decode(wire.config, known))
    secrets = Secrets(known or _WITHOUT_SCHEMA, instance.sensitive_paths)
    yield from secrets.with_words_of(values).words


def has_secrets(block: Block) -> bool:
    """Whether the schema itself marks anything in `block` as secret."""
    return any(
        attribute.sensitive
        or attribute.write_only
        or (attribute.nested is not None and has_secrets(attribute.nested.block))
        for attribute in block.attributes.values()
    ) or any(has_secrets(nested.block) for nested in block.blocks.values())
