"""What was read of one resource, for the comparison with its baseline. Decoded when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.redaction.trees import digested, mark_of
from iac_adapters.shown_children import children_behind
from iac_adapters.terraform.after_apply import Chosen
from iac_adapters.terraform.cty import ListOf, ObjectOf, SetOf
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import Attribute, Block, ResourceSchema
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import overlap, value_at
from reconciler.domain.kept_baseline import identity_of
from reconciler.domain.model import Change, Status
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value
from reconciler.domain.witness import Witness


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """Implements `domain.witness.Facts` by a resource type's schema."""

    schema: ResourceSchema

    def is_set(self, steps: Steps) -> bool:
        """Whether a list stands there whose order means nothing."""
        return self.schema.is_set(steps)

    def is_settable(self, steps: Steps) -> bool:
        """Whether code may decide what stands there.

        Protocol 5 flags no block as computed, so all in one counts.
        """
        if str(steps[0]) in self.schema.block.blocks:
            return True
        along = [attribute for _, attribute in self.schema.attributes_along(steps)]
        return bool(along) and (along[-1].optional or along[-1].required)

    def is_block(self, steps: Steps) -> bool:
        """Whether the steps lead to a block, or to an element of one."""
        nested = self.schema.block.blocks.get(str(steps[0]))
        position = 1
        while nested is not None:
            position += nested.nesting.many
            if position >= len(steps):
                return True
            nested = nested.block.blocks.get(str(steps[position]))
            position += 1
        return False

    def has_block(self, name: str) -> bool:
        """Whether blocks or objects of that name stand anywhere in the type."""
        return _has_block(self.schema.block, name)


class TerraformWitness:
    """Implements `domain.witness.Witness`; holds the bytes, and what was made of them."""

    def __init__(  # noqa: PLR0913 - what it is told, all by name
        self,
        resource: LoadedResource,
        live: bytes,
        schema: ResourceSchema,
        *,
        secrets: StackSecrets,
        digester: SecretDigester,
        beside: Callable[[], Mapping[str, Witness]],
        chosen: Chosen | None = None,
        forget_chosen: Callable[[Chosen], None] = lambda _chosen: None,
    ) -> None:
        assert resource.wire is not None  # noqa: S101 - `witness_of` has looked
        self.type = resource.recorded.type
        self.facts = SchemaFacts(schema)
        self._recorded = resource.wire.upgraded
        self._live = live
        self._config = resource.wire.config
        self._ignored = resource.ignored
        self._secret_paths = resource.secret_paths
        self._schema = schema
        self._secrets = secrets
        self.beside = beside
        self._digester = digester
        self._chosen = chosen
        self._forget_chosen = forget_chosen

    def is_of(self, resource: LoadedResource, live: bytes, chosen: Chosen | None) -> bool:
        """Whether it was made of these."""
        wire = resource.wire
        return (
            wire is not None
            and self._chosen is chosen
            and self._recorded is wire.upgraded
            and self._config is wire.config
            and self._live == live
        )

    @cached_property
    def mark(self) -> str:
        """A keyed digest of what was read."""
        return self._marked(self._live)

    @cached_property
    def recorded_mark(self) -> str:
        """A keyed digest of what the state records."""
        return self.mark if self._live == self._recorded else self._marked(self._recorded)

    def recorded(self) -> Value:
        """Return what the state records."""
        return self._trees[0]

    def live(self) -> Value:
        """Return what was read."""
        return self._trees[1]

    def configured(self) -> Value:
        """Return what the code declares."""
        return self._trees[2]

    def chosen(self) -> Mapping[Steps, Value]:
        """Return the values that the last apply of this object chose, by place."""
        if self._chosen is None:
            return {}
        decoded = decode(self._chosen.state, self._schema)
        if identity_of(decoded) != identity_of(decode(self._recorded, self._schema)):
            return {}
        secrets = secrets_of(self._schema, self._secret_paths).with_words_of([decoded])
        tree = self._redacted(decoded, secrets)
        return {path: value_at(tree, path) for path in self._chosen.paths}

    def forget_chosen(self) -> None:
        """See `Witness.forget_chosen`."""
        if self._chosen is not None:
            self._forget_chosen(self._chosen)

    def is_ignored(self, steps: Steps) -> bool:
        """Whether `ignore_changes` names the place."""
        rules = self._ignored
        return rules.all or any(overlap(steps, rule) for rule in rules.paths)

    def mentions(self, text: str) -> bool:
        """Whether the bytes hold `text`."""
        wanted = text.encode()
        return wanted in self._recorded or wanted in self._live

    def children_behind(self, changes: Sequence[Change]) -> tuple[tuple[str, str], ...]:
        """Return type and name of each child that was added, where `changes` are all they did."""
        return tuple((shown.type, name) for shown, name in children_behind(self.type, changes))

    def undone_by_hand(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Return nothing: a plan destroys what was added."""
        del changes
        return ()

    @cached_property
    def _trees(self) -> tuple[Value, Value, Value]:
        decoded = [
            decode(side, self._schema) if side is not None else None
            for side in (self._recorded, self._live, self._config)
        ]
        secrets = secrets_of(self._schema, self._secret_paths).with_words_of(decoded)
        recorded, live, config = (self._redacted(side, secrets) for side in decoded)
        return recorded, live, config

    def _redacted(self, tree: Value, secrets: SecretPaths) -> Value:
        """Return `tree` without what the schema, the state or the whole stack calls secret."""
        by_path, _ = secrets.redacted(tree, (), self._digester)
        return digested(by_path, self._secrets.redactor, self._digester)

    def _marked(self, content: bytes) -> str:
        return mark_of(content, self._digester)


def witness_of(  # noqa: PLR0913 - what it is told, all by name
    resource: LoadedResource,
    live: LiveState | None,
    *,
    secrets: StackSecrets,
    digester: SecretDigester,
    beside: Callable[[], Mapping[str, Witness]] = dict,
    before: TerraformWitness | None = None,
    chosen: Chosen | None = None,
    forget_chosen: Callable[[Chosen], None] = lambda _chosen: None,
) -> TerraformWitness | None:
    """Return the witness of a read; `before` where that was of the same bytes.

    Without `live` it was read as it is recorded.
    """
    wire = resource.wire
    if wire is None or resource.schema is None or resource.recorded.status is not Status.LIVE:
        return None
    content = wire.upgraded if live is None else live.state
    if before is not None and before.is_of(resource, content, chosen):
        return before
    schema = resource.schema.resource(wire.type_name)
    if schema is None:
        return None
    return TerraformWitness(
        resource,
        content,
        schema,
        secrets=secrets,
        digester=digester,
        beside=beside,
        chosen=chosen,
        forget_chosen=forget_chosen,
    )


def _has_block(block: Block, name: str) -> bool:
    if name in block.blocks:
        return True
    attribute = block.attributes.get(name)
    if attribute is not None and _holds_objects(attribute):
        return True
    return any(_has_block(nested.block, name) for nested in block.blocks.values())


def _holds_objects(attribute: Attribute) -> bool:
    inner = attribute.type
    while isinstance(inner, ListOf | SetOf):
        inner = inner.element
    return attribute.nested is not None or isinstance(inner, ObjectOf)
