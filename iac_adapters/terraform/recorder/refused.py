"""Code that its provider's validation refuses: no plan of the tool comes to its end.

An object may be exactly as it was applied all the same, since a provider that was updated may be
stricter. A recording goes on behind the refusal, so that every object is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from iac_adapters.redaction.recognise import secret_texts
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.addresses import is_data
from iac_adapters.terraform.diagnostics_text import ERROR, Diagnostic
from iac_adapters.terraform.recorder.capture import ConnectionCapture, ValidateCall
from iac_adapters.terraform.recorder.recording import RecordedInstance
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.source import ResourceBlock, Source
from iac_adapters.terraform.stopped_plans import told_of_refusal
from iac_adapters.terraform.values import decode

_NAMED: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class Refused:
    """One configuration that was refused, and whether it is a data source's."""

    call: ValidateCall
    is_data: bool


def blank_refusals(
    captures: Iterable[ConnectionCapture],
    schemas: Mapping[str, ProviderSchema],
    planned: Mapping[str, Iterable[Any]],
) -> None:
    """Take what is secret in a refused configuration out of its provider's words.

    Nobody else knows a write-only value, nor what a resource shall have that is not made yet.
    `planned` holds, by type, what the plan calls secret. The wire does not: of a type that the
    plan does not tell of, and of a data source, all that the code sets counts as secret.

    Raises:
        PermanentError: a configuration does not fit its schema.
    """
    for capture in captures:
        schema = schemas[capture.source]
        capture.validations[:] = [
            _blanked(call, schema.resource(call.type_name), planned.get(call.type_name))
            for call in capture.validations
        ]
        capture.data_validations[:] = [
            _blanked(call, schema.data_source(call.type_name), None)
            for call in capture.data_validations
        ]


def _blanked(
    call: ValidateCall, schema: ResourceSchema | None, planned: Iterable[Any] | None
) -> ValidateCall:
    if schema is None or not call.refusals:
        return call
    config = decode(call.config, schema)
    words = secrets_of(schema, ()).with_words_of([config]).words
    more = secret_texts(config) if planned is None else chain(*map(secret_texts, planned))
    without = Redactor(words).and_also(more).without
    refusals = tuple((without(summary), without(detail)) for summary, detail in call.refusals)
    return replace(call, refusals=refusals)


def refused_in(captures: Iterable[ConnectionCapture]) -> tuple[Refused, ...]:
    """Return what providers refused while a plan was recorded."""
    return tuple(
        Refused(call, of_data)
        for capture in captures
        for of_data, calls in ((False, capture.validations), (True, capture.data_validations))
        for call in calls
        if call.refusals
    )


def told_of_refused(
    refused: Iterable[Refused], instances: Mapping[str, RecordedInstance], source: Source
) -> tuple[str, ...]:
    """Return a warning for each refusal, in its provider's words, as the tool tells of it."""
    places = _Places(instances, source)
    told = (
        told_of_refusal(_diagnostic(one, summary, detail, places))
        for one in refused
        for summary, detail in one.call.refusals
    )
    return tuple(sorted({*told}))


class _Places:
    """Objects by configuration and blocks by type: thousands may be refused at once."""

    def __init__(self, instances: Mapping[str, RecordedInstance], source: Source) -> None:
        self._source = source
        self._addresses: defaultdict[tuple[str, bytes], list[str]] = defaultdict(list)
        for instance in instances.values():
            for config in {instance.config, *instance.validated}:
                if config is not None:
                    self._addresses[instance.type_name, config].append(instance.address)
        self._blocks: defaultdict[tuple[str, bool], list[ResourceBlock]] = defaultdict(list)
        for address, block in sorted(source.blocks.items()):
            self._blocks[block.type, is_data(address)].append(block)

    def addresses(self, refused: Refused) -> list[str]:
        """Return which objects of the state have that configuration, or may have it."""
        call = refused.call
        return [] if refused.is_data else sorted(self._addresses[call.type_name, call.config])

    def blocks(self, refused: Refused, addresses: list[str]) -> list[ResourceBlock]:
        """Return the blocks of the `addresses`, or without these all that may be meant."""
        if not addresses:
            return self._blocks[refused.call.type_name, refused.is_data]
        own = (block for address in addresses if (block := self._source.block(address)))
        return sorted({block.address: block for block in own}.values(), key=attrgetter("address"))


def _diagnostic(refused: Refused, summary: str, detail: str, places: _Places) -> Diagnostic:
    addresses = places.addresses(refused)
    blocks = places.blocks(refused, addresses)
    only = blocks[0] if len(blocks) == 1 else None
    # What is not made yet passes without an address.
    names = addresses or [block.address for block in blocks] or [refused.call.type_name]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    between = ", " if addresses else " or "
    return Diagnostic(
        ERROR,
        summary,
        detail,
        file=only.file if only else None,
        line=only.line if only else None,
        address=f"{between.join(names[:_NAMED])}{more}",
    )
