"""Resource addresses as Terraform prints and reads them.

Source: internal/addrs of Terraform 1.11 (`AbsResourceInstance.String`,
`toHCLQuotedString`); string keys checked against `terraform state list`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

InstanceKey: TypeAlias = "str | int | None"

MANAGED: Final = "managed"
_PREFIXED_MODES: Final = frozenset({"data", "ephemeral"})

_NO_TYPES: Final = frozenset({"module", *_PREFIXED_MODES})

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_UNESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_TEMPLATE_START: Final = re.compile(r"([$%])\{")
_ESCAPED: Final = re.compile(
    r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|([$%])\4(?=\{)", re.DOTALL
)
_STEP: Final = re.compile(
    r"""\.?(?P<name>[^\W\d][\w-]*)
        (?:\[(?:(?P<number>-?\d+)|"(?P<text>(?:[^"\\]|\\.)*)")\])?""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ModuleStep:
    """One module call on the way down, with the instance it was called as."""

    name: str
    key: InstanceKey = None


@dataclass(frozen=True, slots=True)
class Address:
    """One resource instance; `mode` is `managed`, `data` or `ephemeral`."""

    type: str
    name: str
    mode: str = MANAGED
    module: tuple[ModuleStep, ...] = ()
    key: InstanceKey = None

    def __str__(self) -> str:
        prefix = f"{self.mode}." if self.mode in _PREFIXED_MODES else ""
        resource = f"{prefix}{self.type}.{self.name}{render_key(self.key)}"
        path = render_module(self.module)
        return f"{path}.{resource}" if path else resource


def render_key(key: InstanceKey) -> str:
    """Write an instance key with its brackets; nothing for None."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    return f"[{_quote(key)}]"


def render_module(module: tuple[ModuleStep, ...]) -> str:
    """Write a module path; the root module's is empty."""
    return ".".join(f"module.{step.name}{render_key(step.key)}" for step in module)


def resource_address(
    module: str, *, mode: str, type_name: str, name: str, key: InstanceKey = None
) -> str:
    """Join a module path that is already text with one resource instance."""
    resource = str(Address(type=type_name, name=name, mode=mode, key=key))
    return f"{module}.{resource}" if module else resource


def block_address(address: str) -> str:
    """Return the address of the block that declares `address`: the same without any key.

    Raises:
        ValueError: `address` is not a resource address.
    """
    parsed = parse_address(address)
    module = tuple(ModuleStep(step.name) for step in parsed.module)
    return str(replace(parsed, module=module, key=None))


def block_of(label: str) -> str:
    """Return what `block_address` does; a label that is not an address comes back as it is."""
    try:
        return block_address(label)
    except ValueError:
        return label


def parse_address(text: str) -> Address:
    """Read back what `str(Address)` wrote.

    Raises:
        ValueError: `text` is not a resource address.
    """
    steps = _steps(text)
    module, rest = _take_modules(steps)
    mode = MANAGED
    if len(rest) == 3 and rest[0][0] in _PREFIXED_MODES and rest[0][1] is None:  # noqa: PLR2004
        mode, rest = rest[0][0], rest[1:]
    if len(rest) != 2 or rest[0][1] is not None or rest[0][0] in _NO_TYPES:  # noqa: PLR2004
        raise ValueError(f"{text!r} is not a resource address")
    return Address(type=rest[0][0], name=rest[1][0], mode=mode, module=module, key=rest[1][1])


def _take_modules(
    steps: list[tuple[str, InstanceKey]],
) -> tuple[tuple[ModuleStep, ...], list[tuple[str, InstanceKey]]]:
    modules: list[ModuleStep] = []
    position = 0
    while position + 2 < len(steps) and steps[position] == ("module", None):
        modules.append(ModuleStep(*steps[position + 1]))
        position += 2
    return tuple(modules), steps[position:]


def _steps(text: str) -> list[tuple[str, InstanceKey]]:
    steps: list[tuple[str, InstanceKey]] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (text[position] == ".") != bool(steps):
            raise ValueError(f"{text!r} is not a resource address")
        steps.append((match["name"], _key(match)))
        position = match.end()
    return steps


def _key(match: re.Match[str]) -> InstanceKey:
    if match["number"] is not None:
        return int(match["number"])
    return None if match["text"] is None else _unescape(match["text"])


def _quote(key: str) -> str:
    escaped = "".join(_escape(character) for character in key)
    doubled = _TEMPLATE_START.sub(lambda match: f"{match[1]}{match[0]}", escaped)
    return f'"{doubled}"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - one \u


def _unescape(text: str) -> str:
    return _ESCAPED.sub(_unescape_one, text)


def _unescape_one(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16))
    if match[3]:
        return _UNESCAPES.get(match[3], match[0])
    return match[4]


def is_data(address: str) -> bool:
    """Whether `address` is a data source's."""
    try:
        return parse_address(address).mode == "data"
    except ValueError:
        return False


def is_managed(address: str) -> bool:
    """Whether `address` is neither a data source's nor an ephemeral resource's."""
    try:
        return parse_address(address).mode == MANAGED
    except ValueError:
        return True
