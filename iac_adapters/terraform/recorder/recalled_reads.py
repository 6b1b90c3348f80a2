"""What data sources answered at the last apply, which the state holds. Pure.

The protocol carries no addresses. A request holds the configuration of its data source, and so
does what was recorded of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.data_answers import read_answer
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
        asked = [one for request in sorted(requests) if (one := _asked(request, self.schema))]
        questions = Counter(one.type_name for one in asked)
        waiting, failing = self._by_type(self.waiting), self._by_type(self.failing)
        found = {
            one.request: _answer(
                one,
                waiting[one.type_name],
                failing[one.type_name],
                is_only=questions[one.type_name] == 1,
            )
            for one in asked
            if one.type_name not in self.new_types
        }
        return {request: answer for request, answer in found.items() if answer is not None}

    def _by_type(self, instances: Iterable[StateInstance]) -> defaultdict[str, list[Attributes]]:
        """Return what was recorded of `instances`, each decoded once.

        Every question is held against every instance: decoding there took 18 s for 400 of them.
        """
        found: defaultdict[str, list[Attributes]] = defaultdict(list)
        for one in instances:
            found[one.type].append(_recorded(one, self.schema.data_source(one.type)))
        return found


def _answer(
    asked: _Asked,
    waiting: Sequence[Attributes],
    failing: Sequence[Attributes],
    *,
    is_only: bool,
) -> bytes | None:
    """Return what `asked` is answered; `is_only` says that there is no other of its type."""
    if any(map(asked.is_of, failing)):
        return None
    own = [recorded for recorded in waiting if asked.is_of(recorded)]
    if not own and is_only and len(waiting) + len(failing) == 1:
        # Edited code asks for something else: what else was recorded stands as it is.
        own = [recorded for recorded in waiting if recorded]
    states = set(map(asked.recorded_by, own))
    if len(states) != 1:
        return None
    return read_answer(states.pop())


def _recorded(instance: StateInstance, schema: ResourceSchema | None) -> Attributes:
    """Return what was recorded of `instance`; nothing where that does not fit `schema`."""
    if schema is None or instance.attributes_json is None:
        return {}
    try:
        return decode_json(instance.attributes_json, schema) or {}
    except PermanentError:  # recorded with another schema: the tool could not use it either
        return {}


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """One request, and what the code sets in it."""

    request: bytes
    type_name: str
    schema: ResourceSchema
    given: Attributes

    def is_of(self, recorded: Attributes) -> bool:
        """Whether this is what was `recorded`, as far as this request gives it."""
        if not recorded or self._is_plainly_another(recorded):
            return False
        # In whatever order sets and maps are written.
        return content_of(encode(recorded, self.schema)) == content_of(self.recorded_by(recorded))

    def recorded_by(self, recorded: Attributes) -> bytes:
        """Return what was `recorded`, with what this request gives, as msgpack."""
        return encode({**recorded, **self.given}, self.schema)

    def _is_plainly_another(self, recorded: Attributes) -> bool:
        """Whether a text differs, which is told without encoding both."""
        return any(
            isinstance(value, str)
            and isinstance(before := recorded.get(name), str)
            and value != before
            for name, value in self.given.items()
        )


def _asked(request: bytes, schema: ProviderSchema) -> _Asked | None:
    asked = message("ReadDataRequest").FromString(request)
    known = schema.data_source(asked.type_name)
    config = decode(asked.config.msgpack, known) if known is not None else None
    if known is None or config is None:
        return None
    given = {name: value for name, value in config.items() if not is_empty(value)}
    return _Asked(request, asked.type_name, known, given)
