"""What was read of one resource, for the comparison with its baseline. Made when asked.

Pulumi has no schema at hand: what may be set is seen from the inputs of all resources of a type,
and what holds objects from the values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import orjson

from iac_adapters.children.managed import Managed
from iac_adapters.pulumi.after_update import Chosen
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.property_paths import covered, parse_property_path
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.redaction.trees import digested, mark_of
from iac_adapters.shown_children import children_behind
from iac_adapters.undoing_by_hand import commands_for
from reconciler.domain.compare import value_at
from reconciler.domain.model import Change, ResourceAddress, Status
from reconciler.domain.paths import Steps
from reconciler.domain.spelling import canonical_type
from reconciler.domain.values import Value
from reconciler.domain.witness import Witness


@dataclass(frozen=True, slots=True, repr=False)
class ValueFacts:
    """Implements `domain.witness.Facts` by the values that are there."""

    trees: tuple[Value, ...]
    settable: frozenset[str]

    def is_set(self, steps: Steps) -> bool:
        """Say yes: nothing tells a list from a set, and an order says nothing by itself."""
        del steps
        return True

    def is_settable(self, steps: Steps) -> bool:
        """Whether a resource of the type is known that sets the property."""
        return str(steps[0]) in self.settable

    def is_block(self, steps: Steps) -> bool:
        """Whether objects stand there: code that says a part of one binds no other part."""
        return any(_holds_objects(value_at(tree, steps)) for tree in self.trees)

    def has_block(self, name: str) -> bool:
        """Whether objects of that name stand anywhere in the resource."""
        return any(_has_objects(tree, name) for tree in self.trees)


class PulumiWitness:
    """Implements `domain.witness.Witness`; `live` is None where the object was not read."""

    def __init__(  # noqa: PLR0913 - what it is told, all by name
        self,
        resource: LoadedResource,
        live: ReadAnswer | None,
        *,
        settable: frozenset[str],
        redactor: Redactor,
        digester: SecretDigester,
        beside: Callable[[], Mapping[str, Witness]],
        managed: Managed | None = None,
        chosen: Chosen | None = None,
        forget_chosen: Callable[[Chosen], None] = lambda _chosen: None,
    ) -> None:
        assert resource.state is not None  # noqa: S101 - `Witnesses` has looked
        assert resource.recorded is not None  # noqa: S101 - likewise
        self.type = canonical_type(resource.recorded_as.type)
        self._id = resource.state.id
        self._recorded = resource.recorded.outputs
        # Most objects are as recorded, and what was read of those need not stay in memory.
        same = live is None or live.outputs == self._recorded
        self._live = self._recorded if live is None or same else live.outputs
        self._wanted = resource.state.inputs if resource.wanted is None else resource.wanted
        self._secret_outputs = resource.state.secret_outputs
        self._ignored = tuple(map(parse_property_path, resource.ignored))
        self._settable = settable | ((live.inputs or {}).keys() if live else set())
        self._redactor = redactor
        self._digester = digester
        self.beside = beside
        self._managed = managed
        self._chosen = chosen
        self._forget_chosen = forget_chosen

    @cached_property
    def mark(self) -> str:
        """A keyed digest of what was read."""
        return self.recorded_mark if self._live is self._recorded else self._marked(self._live)

    @cached_property
    def recorded_mark(self) -> str:
        """A keyed digest of what the last update left."""
        return self._marked(self._recorded)

    @cached_property
    def facts(self) -> ValueFacts:
        """What the values tell of the type."""
        return ValueFacts(self._trees[:2], self._settable)

    def recorded(self) -> Value:
        """Return what the last update left."""
        return self._trees[0]

    def live(self) -> Value:
        """Return what was read."""
        return self._trees[1]

    def configured(self) -> Value:
        """Return what the program asks for."""
        return self._trees[2]

    def chosen(self) -> Mapping[Steps, Value]:
        """Return what an update chose where no resource of the type sets anything."""
        if self._chosen is None:
            return {}
        places = [place for place in self._chosen.places if not self.facts.is_settable(place)]
        tree = self._tree(self._chosen.outputs)
        return {place: value_at(tree, place) for place in places}

    def forget_chosen(self) -> None:
        """See `Witness.forget_chosen`."""
        if self._chosen is not None:
            self._forget_chosen(self._chosen)

    def is_ignored(self, steps: Steps) -> bool:
        """Whether `ignoreChanges` names the place."""
        return covered(steps, self._ignored)

    def mentions(self, text: str) -> bool:
        """Whether the values hold `text`."""
        wanted = text.encode()
        return wanted in self._text or wanted in self._id.encode()

    def children_behind(self, changes: Sequence[Change]) -> tuple[tuple[str, str], ...]:
        """Return type and name of each child that was added, where `changes` are all they did.

        Nothing where the types are not known that the plugin has for them.
        """
        managed = self._managed
        if managed is None or managed.provider is None:
            return ()
        called = managed.provider.called
        behind = children_behind(managed.type, changes)
        return tuple((called(shown.type), name) for shown, name in behind)

    def undone_by_hand(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Return the commands that take away what was added, where no plan does."""
        if self._managed is not None:
            return ()
        live = self.live()
        texts = live.items() if isinstance(live, dict) else ()
        values = {name: value for name, value in texts if isinstance(value, str)}
        return commands_for(self.type, changes, values)

    @cached_property
    def _text(self) -> bytes:
        return orjson.dumps([self._recorded, self._live], default=str)

    @cached_property
    def _trees(self) -> tuple[Value, Value, Value]:
        recorded, live, wanted = self._redacted(self._recorded, self._live, self._wanted)
        return self._named(recorded), self._named(live), wanted

    def _tree(self, outputs: RawProperties) -> Value:
        """Return what an update left as a tree, without a secret of any side."""
        if outputs is self._recorded:
            return self._trees[0]
        return self._named(self._redacted(outputs, self._live, self._wanted)[0])

    def _redacted(self, *sides: RawProperties) -> tuple[Value, ...]:
        trees = [visible(side) for side in sides]
        secrets = secrets_of(sides, self._secret_outputs).with_words_of(trees)
        return tuple(
            digested(secrets.redacted(tree, (), self._digester)[0], self._redactor, self._digester)
            for tree in trees
        )

    def _named(self, tree: Value) -> Value:
        """Return `tree` with the id, which Pulumi keeps beside the outputs."""
        return {"id": self._id, **tree} if isinstance(tree, dict) else tree

    def _marked(self, outputs: RawProperties) -> str:
        shown = {name: value for name, value in outputs.items() if not name.startswith("__")}
        content = orjson.dumps(shown, default=str, option=orjson.OPT_SORT_KEYS)
        return mark_of(content, self._digester)


@dataclass(frozen=True, slots=True, repr=False)
class Choices:
    """What updates have chosen, and whom to tell that a kept baseline holds it."""

    known: Mapping[ResourceAddress, Chosen] = field(default_factory=dict)
    forget: Callable[[ResourceAddress, Chosen], None] = lambda _address, _chosen: None


class Witnesses:
    """Makes the witnesses of one scan of a stack."""

    def __init__(
        self,
        resources: Mapping[Any, LoadedResource],
        redactor: Redactor,
        digester: SecretDigester,
        managed: Mapping[ResourceAddress, Managed],
        choices: Choices | None = None,
    ) -> None:
        self._resources = resources
        self._managed = managed
        self._redactor = redactor
        self._digester = digester
        self._choices = choices or Choices()

    def of(self, resource: LoadedResource, live: ReadAnswer | None) -> Witness | None:
        """Return the witness of a read; None for what is not managed here, or has no object."""
        return self._witness(resource, live) if live is not None and not live.gone else None

    def _witness(
        self, resource: LoadedResource, live: ReadAnswer | None = None
    ) -> PulumiWitness | None:
        state = resource.state
        if state is None or resource.recorded is None or state.external or not state.custom:
            return None
        if resource.recorded_as.status is not Status.LIVE or state.is_provider:
            return None
        address = resource.recorded_as.address
        return PulumiWitness(
            resource,
            live,
            settable=self._settable[state.type],
            redactor=self._redactor,
            digester=self._digester,
            beside=lambda: self._recorded,
            managed=self._aws(resource),
            chosen=self._choices.known.get(address),
            forget_chosen=partial(self._choices.forget, address),
        )

    def _aws(self, resource: LoadedResource) -> Managed | None:
        """Return it where what was added to it can be imported, and so destroyed."""
        managed = self._managed.get(resource.recorded_as.address)
        return managed if managed is not None and managed.is_aws else None

    @cached_property
    def _recorded(self) -> Mapping[str, Witness]:
        found = ((str(a), self._witness(resource)) for a, resource in self._resources.items())
        return {address: witness for address, witness in found if witness is not None}

    @cached_property
    def _settable(self) -> Mapping[str, frozenset[str]]:
        found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for resource in self._resources.values():
            if resource.state is not None:
                known = {*resource.state.inputs, *(resource.wanted or {})}
                found[resource.state.type] |= {n for n in known if not n.startswith("__")}
        return found


def _holds_objects(value: Value) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _has_objects(tree: Value, name: str) -> bool:
    if isinstance(tree, dict):
        return _holds_objects(tree.get(name)) or any(_has_objects(v, name) for v in tree.values())
    return isinstance(tree, list) and any(_has_objects(item, name) for item in tree)
