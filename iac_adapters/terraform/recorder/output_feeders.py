"""Which resources the outputs of the root module take their values from. Pure.

A plan names references for each output, argument and module call, and holds no locals: what those
refer to is looked up in the code. A local is known by its name alone, so that two modules with
one of the same name share what they refer to.
Source: JSON output format 1.x, configuration representation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Locals: TypeAlias = "Mapping[str, frozenset[str]]"
"""The references in the expression of each local value, by its name."""

_KEYS: Final = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[[^\]]*\]|\.\*|\.\d+(?=\.|$)')
_NO_OBJECTS: Final = frozenset({"each", "count", "path", "terraform", "self"})
_NOT_MANAGED: Final = frozenset({"data", "ephemeral"})
_REPEATING: Final = ("count_expression", "for_each_expression")


def output_feeders(document: Mapping[str, Any], locals_: Locals) -> dict[str, frozenset[str]]:
    """Return by output the addresses of the resources, without instance keys, that feed it.

    What stands between counts: locals, modules, and data sources with what they wait for.
    """
    root = _Module("", document.get("configuration", {}).get("root_module", {}))
    found = {}
    for name in root.code.get("outputs", {}):
        walk = _Walk(locals_)
        walk.output(name, root)
        found[name] = frozenset(walk.feeders)
    return found


@dataclass(frozen=True, slots=True)
class _Module:
    """The code of one module, and the call of it, which stands in `caller`."""

    path: str
    code: Mapping[str, Any]
    call: Mapping[str, Any] = field(default_factory=dict)
    caller: _Module | None = None

    def called(self, name: str) -> _Module:
        call = self.code.get("module_calls", {}).get(name, {})
        return _Module(f"{self.path}module.{name}.", call.get("module", {}), call, self)


@dataclass(slots=True)
class _Walk:
    """Follows references upward, each once."""

    locals_: Locals
    feeders: set[str] = field(default_factory=set)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def output(self, name: str, module: _Module) -> None:
        output = module.code.get("outputs", {}).get(name, {})
        self._all((*_references(output.get("expression")), *output.get("depends_on", ())), module)

    def _all(self, references: Iterable[str], module: _Module) -> None:
        for reference in _whole(references):
            if (module.path, reference) not in self._seen:
                self._seen.add((module.path, reference))
                self._follow(_KEYS.sub("", reference).split("."), module)

    def _follow(self, steps: list[str], module: _Module) -> None:
        match steps:
            case ["local", name, *_]:
                self._all(self.locals_.get(name, ()), module)
            case ["var", name, *_] if module.caller is not None:
                argument = module.call.get("expressions", {}).get(name)
                repeated = (module.call.get(key) for key in _REPEATING)
                self._all(_references([argument, *repeated]), module.caller)
            case ["module", name, *rest]:
                child = module.called(name)
                outputs = child.code.get("outputs", {})
                for output in rest[:1] if rest and rest[0] in outputs else outputs:
                    self.output(output, child)
            case [mode, type_name, name, *_] if mode in _NOT_MANAGED:
                self._block(f"{mode}.{type_name}.{name}", module)
            case [head, *_] if head in _NO_OBJECTS or head == "var":
                pass
            case [type_name, name, *_]:
                self.feeders.add(f"{module.path}{type_name}.{name}")
            case _:
                pass

    def _block(self, address: str, module: _Module) -> None:
        """Follow what a data source is asked with, and what it waits for."""
        for block in module.code.get("resources", ()):
            if block["address"] == address:
                asked = (block.get("expressions"), *(block.get(key) for key in _REPEATING))
                self._all((*_references(asked), *block.get("depends_on", ())), module)
        within: _Module = module
        while within.caller is not None:
            self._all(within.call.get("depends_on", ()), within.caller)
            within = within.caller


def _references(expression: Any) -> Iterator[str]:
    """Yield the references in an expression, in a block of them, or in lists of either."""
    if isinstance(expression, Mapping):
        named = expression.get("references")
        if isinstance(named, list) and all(isinstance(name, str) for name in named):
            yield from named
        else:
            yield from _references(list(expression.values()))
    elif isinstance(expression, list | tuple):
        for part in expression:
            yield from _references(part)


def _whole(references: Iterable[str]) -> list[str]:
    """Return the references without those that are only the beginning of another one."""
    named = sorted(set(references))
    return [
        name
        for name in named
        if not any(other.startswith((f"{name}.", f"{name}[")) for other in named)
    ]
