"""Each resource's declared form: the inputs its program asks for; secrets as keyed digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from iac_adapters.json_values import json_value
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Status
from reconciler.domain.values import Sensitive
from reconciler.ports import Declaration

_DECLARED = frozenset({Status.LIVE, Status.TAINTED, Status.NOT_APPLICABLE})


def declarations_of(
    resources: Iterable[LoadedResource], *, digester: SecretDigester
) -> Iterator[Declaration]:
    """Yield the declared form of each resource that is recorded and that the program asks for."""
    for resource in resources:
        state, recorded = resource.state, resource.recorded
        if state is None or recorded is None or resource.recorded_as.status not in _DECLARED:
            continue
        if state.is_provider:
            continue  # how to reach a cloud, and no part of one
        wanted = state.inputs if resource.wanted is None else resource.wanted
        # A component's inputs are its own affair; what it registered stands in its outputs.
        values = visible(wanted if state.custom or wanted else state.outputs)
        secrets = secrets_of((wanted, state.outputs)).with_words_of((values,))
        redacted, _ = secrets.redacted(values, (), digester)
        yield Declaration(
            address=resource.recorded_as.address,
            type=resource.recorded_as.type,
            definition=_definition(redacted),
            baseline_hash=_baseline_hash(dict(recorded.outputs), digester),
        )


def _definition(redacted: Any) -> dict[str, Any]:
    definition = json_value(redacted)
    return definition if isinstance(definition, dict) else {"value": definition}


def _baseline_hash(outputs: dict[str, Any], digester: SecretDigester) -> str:
    digest = digester.digest(orjson.dumps(outputs, option=orjson.OPT_SORT_KEYS).decode())
    assert isinstance(digest, Sensitive)  # noqa: S101 - text always gives a digest
    return digest.digest
