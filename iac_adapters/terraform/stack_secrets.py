"""Everything that is secret about one stack, gathered when something has to be said.

Gathering takes as long as reading the state again, so a scan that has nothing to tell of
does without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgpack
import orjson

from iac_adapters.redaction.recognise import looks_generated, secret_texts
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.options import TerraformOptions
from iac_adapters.terraform.redaction import resource_words
from iac_adapters.terraform.state import StateFile, StateInstance
from reconciler.domain.paths import Steps
from reconciler.domain.secret_names import is_telling, names_a_secret
from reconciler.ports import StackReference

if TYPE_CHECKING:
    from iac_adapters.redaction.redactor import Redactor


# Not slotted: it is found by weak reference and remembers what it gathered.
@dataclass(frozen=True, repr=False, eq=False)
class StackSecrets:
    """The secrets of one stack, as far as it could be loaded."""

    reference: StackReference
    context: Context | None = None
    stack: LoadedStack | None = None

    @cached_property
    def redactor(self) -> Redactor:
        """What takes them out of a text."""
        from iac_adapters.redaction.redactor import Redactor  # noqa: PLC0415  see `_words`

        return Redactor(frozenset(self._words()))

    def _words(self) -> Iterator[str]:
        # Asked for when there is a text to take them out of, which is after the first read.
        from iac_adapters.redaction.environment import (  # noqa: PLC0415
            file_texts,
            telling_texts,
        )
        from iac_adapters.terraform.written_secrets import written_secrets  # noqa: PLC0415

        reference, context = self.reference, self.context
        environment = {**os.environ, **reference.environment}
        yield from telling_texts(environment)
        yield from file_texts(reference.environment)
        yield from written_secrets(
            reference.directory,
            files=context.source.files if context is not None else (),
            var_files=reference.options_as(TerraformOptions).var_files,
            environment=environment,
        )
        if context is not None:
            yield from _of_state(context.state)
        if self.stack is not None:
            for resource in self.stack.resources.values():
                yield from resource_words(resource)
            for connection in self.stack.recording.connections:
                yield from _of_configuration(connection.configure)


def _of_state(state: StateFile) -> Iterator[str]:
    for output in state.secret_outputs:
        yield from secret_texts(output)
    for instance in state.instances:
        yield from _of_instance(instance)


def _of_instance(instance: StateInstance) -> Iterator[str]:
    for name, text in (instance.attributes_flat or {}).items():
        if is_telling(name):
            yield from secret_texts(text)
    if instance.attributes_json is None:
        return
    attributes = orjson.loads(instance.attributes_json)
    for path in instance.sensitive_paths:
        yield from secret_texts(_at(attributes, path))
    yield from _telling(attributes)


def _at(node: Any, path: Steps) -> Any:
    for step in path:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def _telling(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if names_a_secret(node):
            yield from secret_texts(node["value"])
        for key, inner in node.items():
            if isinstance(key, str) and is_telling(key):
                yield from secret_texts(inner)
            else:
                yield from _telling(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _telling(inner)


def _of_configuration(configure: bytes) -> Iterator[str]:
    """Yield what a provider was told that its name or its look gives away."""
    if not configure:
        return
    config = message("ConfigureRequest").FromString(configure).config.msgpack
    if config:
        content = msgpack.unpackb(config, ext_hook=lambda _code, _data: None, strict_map_key=False)
        yield from _telling(content)
        yield from (text for text in secret_texts(content) if looks_generated(text))
