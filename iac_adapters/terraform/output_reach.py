"""Which parts of a stack's code the outputs of its root module take values from. Pure.

By the text alone, and by name: what the text leaves open counts as taken. It answers one
question: can an output be another because of what has moved?
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.consequences import Ancestry, Moved
from iac_adapters.terraform.hcl_text import NAME_BEGINS, statements
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.references import CodeText, code_text, referred_to
from reconciler.domain.model import ResourceAddress

_HANDING_ON: Final = frozenset({"output", "module", "data", "locals"})
_WHATEVER: Final = ("",)
_WORD: Final = r"[^\W\d][\w-]*"
_NAMED: Final = re.compile(
    rf"{NAME_BEGINS}(?:(?P<kind>local|module)\s*\.\s*(?P<name>{_WORD})"
    rf"|data\s*\.\s*(?P<type>{_WORD})\s*\.\s*(?P<data>{_WORD})|(?P<var>var)\s*\.)"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A block, or a local value. `named` is how others refer to it."""

    named: tuple[str, ...]
    text: str
    of_root: bool


def parts_of_outputs(texts: Mapping[Path, str], root: Path) -> tuple[CodeText, ...]:
    """Return what the outputs of the module in `root` take values from, by the files' `texts`.

    A file in JSON is taken as a whole, and so is one that is not understood to its end, and all
    of the code where no output is found.
    """
    whole = [text for file, text in texts.items() if file.suffix == ".json" or _is_open(text)]
    parts = [
        part
        for file, text in texts.items()
        if not file.name.endswith(".json")
        for part in _parts(text, of_root=file.parent == root)
    ]
    taken = [part for part in parts if part.of_root and part.named[0] == "output"]
    if not taken and not whole:
        return tuple(map(code_text, texts.values()))
    asked = [*(part.text for part in taken), *whole]
    left = [part for part in parts if part not in taken]
    while asked:
        wanted = set(_wanted(asked.pop()))
        found = [part for part in left if _is_wanted(part, wanted)]
        left = [part for part in left if part not in found]
        taken += found
        asked += [part.text for part in found]
    return tuple(code_text(text) for text in (*(part.text for part in taken), *whole))


def reaches_outputs(
    parts: Collection[CodeText],
    causes: Mapping[ResourceAddress, Moved],
    resources: Mapping[ResourceAddress, LoadedResource],
    ancestry: Ancestry,
) -> bool:
    """Whether an output may be another because of `causes`: by them, or by what follows them.

    Of what is gone or would be replaced no value is known that its own finding leaves out. What
    has code to be applied may follow any cause: the record does not know its new references.
    """
    moved = {
        address: cause.attributes
        for address, cause in causes.items()
        if cause.attributes is not None
    }
    if any(_takes(parts, address, attributes) for address, attributes in moved.items()):
        return True
    return bool(moved) and _taken_below(parts, moved, resources, ancestry) is not None


def feeder_among(
    parts: Collection[CodeText],
    unread: Collection[ResourceAddress],
    resources: Mapping[ResourceAddress, LoadedResource],
    ancestry: Ancestry,
) -> ResourceAddress | None:
    """Return one of `unread` that an output may take values from, be it by what follows it."""
    for address in sorted(unread):
        if _takes(parts, address, _WHATEVER):
            return address
    taken = _taken_below(parts, unread, resources, ancestry) if unread else None
    return (ancestry.nearest(taken, unread) or min(unread)) if taken is not None else None


def _taken_below(
    parts: Collection[CodeText],
    causes: Collection[ResourceAddress],
    resources: Mapping[ResourceAddress, LoadedResource],
    ancestry: Ancestry,
) -> ResourceAddress | None:
    """Return a resource that `parts` take values from, and that may follow one of `causes`."""
    for address, resource in resources.items():
        follows = resource.planned_action or ancestry.nearest(address, causes)
        if follows and resource.output is None and _takes(parts, address, _WHATEVER):
            return address
    return None


def _takes(
    parts: Collection[CodeText], address: ResourceAddress, attributes: Collection[str]
) -> bool:
    """Whether any of `parts` takes one of `attributes`, which may be `_WHATEVER` it takes."""
    try:
        named = parse_address(address)
    except ValueError:
        return True
    modules = {step.name for step in named.module}
    if "" not in attributes:
        return bool(referred_to(parts, named.type, named.name, attributes, modules=modules))
    mentioned = re.compile(
        rf"{NAME_BEGINS}{re.escape(named.type)}\s*\.\s*{re.escape(named.name)}(?![\w-])"
    )
    waits = referred_to(parts, named.type, named.name, attributes, modules=modules)
    return bool(waits) or any(mentioned.search(part.values) for part in parts)


def _is_open(text: str) -> bool:
    """Whether a block is not closed: what follows it would be taken for a part of it."""
    return any(block.is_block and not block.is_closed(text) for block in statements(text))


def _parts(text: str, *, of_root: bool) -> Iterator[_Part]:
    at = 0
    for block in statements(text):
        if not block.is_block or block.name not in _HANDING_ON:
            at = block.end
            continue
        if block.name == "locals":
            for value in statements(text, block.start, block.end):
                yield _Part(("local", value.name), text[value.start : value.end], of_root)
        else:
            # With its head: what waits for something by `depends_on` is told by that.
            head = text.find(block.name, at, block.start)
            yield _Part((block.name, *block.labels), text[head : block.end + 1], of_root)
        at = block.end


def _wanted(text: str) -> Iterator[tuple[str, ...]]:
    for match in _NAMED.finditer(text):
        if match["var"]:
            yield ("var",)
        elif match["data"]:
            yield ("data", match["type"], match["data"])
        else:
            yield (match["kind"], match["name"])


def _is_wanted(part: _Part, wanted: Collection[tuple[str, ...]]) -> bool:
    """Whether any of `wanted` may mean it: a module hands on its outputs, its caller arguments."""
    if part.named in wanted:
        return True
    if part.named[0] == "output":
        return not part.of_root and any(name[0] == "module" for name in wanted)
    return part.named[0] == "module" and ("var",) in wanted
