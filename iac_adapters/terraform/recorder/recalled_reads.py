"""What data sources answered at the last apply, which the state holds. Pure.

The protocol carries no addresses. A request holds the configuration of its data source, and so
does what was recorded of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.state import StateInstance
from iac_adapters.terraform.values import decode, decode_json, encode
from reconciler.domain.errors import PermanentError
from reconciler.domain.origin import is_empty
from reconciler.domain.values import Attributes


def failed_requests(captures: Iterable[ConnectionCapture]) -> dict[str, frozenset[bytes]]:
    """Return by provider source the requests of the data sources that could not be read.

    One that was answered on another connection is left out: two regions share no answer.
    """
    failed: defaultdict[str, set[bytes]] = defaultdict(set)
    answered: defaultdict[str, set[bytes]] = defaultdict(set)
    for capture in captures:
        for read in capture.data_reads:
            (answered if read.state else failed)[capture.source].add(read.request)
    return {source: frozenset(found - answered[source]) for source, found in failed.items()}


@dataclass(frozen=True, slots=True, repr=False)
class RecordedReads:
    """The recorded data sources of one provider that could not be read by now.

    `waiting` are those that the tool would put off, `failing` those that it would not. Of
    `new_types` are data sources that it would not either, and that no apply has read.
    """

    waiting: Sequence[StateInstance]
    failing: Sequence[StateInstance]
    schema: ProviderSchema
    new_types: Collection[str] = ()

    def answers(self, requests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the answer to each of `requests` that is known to be of a waiting one."""
        asked = [_asked(request, self.schema) for request in sorted(requests)]
        found = {one.request: self._answer(one, asked) for one in asked if one is not None}
        return {request: answer for request, answer in found.items() if answer is not None}

    def _answer(self, asked: _Asked, others: Sequence[_Asked | None]) -> bytes | None:
        own = [one for one in self.waiting if asked.is_of(one)]
        if asked.type_name in self.new_types or any(map(asked.is_of, self.failing)):
            return None
        if not own and self._is_only(asked, others):
            # Edited code asks for something else: what else was recorded stands as it is.
            own = [one for one in self.waiting if one.type == asked.type_name]
        states = {state for one in own if (state := asked.recorded_by(one)) is not None}
        if len(states) != 1:
            return None
        answer = message("ReadDataResponse")()
        answer.state.msgpack = states.pop()
        return bytes(answer.SerializeToString())

    def _is_only(self, asked: _Asked, others: Sequence[_Asked | None]) -> bool:
        """Whether there is one question of its type, and one data source that it can be of."""
        questions = [one for one in others if one and one.type_name == asked.type_name]
        recorded = [o for o in (*self.waiting, *self.failing) if o.type == asked.type_name]
        return len(questions) == 1 and len(recorded) == 1


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """One request, and what the code sets in it."""

    request: bytes
    type_name: str
    schema: ResourceSchema
    given: Attributes

    def is_of(self, instance: StateInstance) -> bool:
        """Whether `instance` was read with what this request gives."""
        recorded = self._recorded(instance)
        answer = self.recorded_by(instance)
        if recorded is None or answer is None:
            return False
        # In whatever order sets and maps are written.
        return content_of(encode(recorded, self.schema)) == content_of(answer)

    def recorded_by(self, instance: StateInstance) -> bytes | None:
        """Return what was recorded of `instance`, with what this request gives, as msgpack."""
        recorded = self._recorded(instance)
        return None if recorded is None else encode({**recorded, **self.given}, self.schema)

    def _recorded(self, instance: StateInstance) -> Attributes | None:
        if instance.type != self.type_name or instance.attributes_json is None:
            return None
        try:
            return decode_json(instance.attributes_json, self.schema)
        except PermanentError:  # recorded with another schema: the tool could not use it either
            return None


def _asked(request: bytes, schema: ProviderSchema) -> _Asked | None:
    asked = message("ReadDataRequest").FromString(request)
    known = schema.data_source(asked.type_name)
    config = decode(asked.config.msgpack, known) if known is not None else None
    if known is None or config is None:
        return None
    given = {name: value for name, value in config.items() if not is_empty(value)}
    return _Asked(request, asked.type_name, known, given)
