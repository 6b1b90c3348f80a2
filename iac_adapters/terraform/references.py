"""Which attributes of a resource the code refers to, by its text alone. Pure.

Answers one question only: can a change of these attributes reach another resource? What the
text leaves open counts as yes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from iac_adapters.terraform.hcl_text import NAME_BEGINS, skip

# What orders resources, or names one that has moved, hands no value on.
_ORDER: Final = re.compile(r"\bdepends_on\s*=\s*\[[^\]]*\]")
_PLACE: Final = re.compile(r"\b(?:from|to)\s*=\s*[\w.\-]+(?:\[[^\]\n]*\])?")
# Indented, it may be part of a resource, whose arguments hand values on.
_OF_PLACES: Final = re.compile(r"^(?:moved|removed|import)[ \t]*\{", re.MULTILINE)
_HEADER_OR_ORDER: Final = re.compile(
    r'^[ \t]*(?P<kind>resource|data|ephemeral|module|output)[ \t]+["\w]'
    r"|\bdepends_on\s*=\s*\[(?P<names>[^\]]*)\]",
    re.MULTILINE,
)
# A data source is not read before the apply where something it depends on has a change to come.
_DEFERRING: Final = frozenset({"data", "module"})
_INDEX: Final = r"(?:\[[^\]\n]*\]|\.\*|\.\d+)*"


@dataclass(frozen=True, slots=True)
class CodeText:
    """One text as references are looked for in it: `orders` are lists that make data sources wait.

    `values` is the text without what hands no value on.
    """

    orders: tuple[str, ...]
    values: str


def code_text(text: str) -> CodeText:
    """Return `text` read once, for however many resources are looked for in it."""
    return CodeText(tuple(_deferring(text)), _ORDER.sub("", _without_places(text)))


def referred_to(
    texts: Iterable[CodeText],
    type_name: str,
    name: str,
    attributes: Collection[str],
    *,
    modules: Collection[str] = (),
) -> frozenset[str]:
    """Return those of `attributes` of `type_name.name` that any of `texts` refers to.

    `modules` are the names of the modules it is in: a data source may wait for one of them.
    """
    resource = rf"{re.escape(type_name)}\s*\.\s*{re.escape(name)}(?![\w-])"
    wanted = re.compile(rf"{NAME_BEGINS}{resource}{_INDEX}(?:\.(?P<attribute>[^\W\d][\w-]*))?")
    within = re.compile("|".join(rf"\bmodule\.{re.escape(module)}(?![\w-])" for module in modules))
    named: set[str] = set()
    for text in texts:
        for names in text.orders:
            if wanted.search(names) or (modules and within.search(names)):
                return frozenset(attributes)
        for match in wanted.finditer(text.values):
            if match["attribute"] is None:
                return frozenset(attributes)
            named.add(match["attribute"])
    return frozenset(attributes) & named


def _without_places(text: str) -> str:
    """Return `text` without the addresses that say where a resource has moved, or is imported."""
    parts, at = [], 0
    for block in _OF_PLACES.finditer(text):
        end = skip(text, block.end(), "")
        if block.start() >= at and text[end : end + 1] == "}":
            parts += [text[at : block.end()], _PLACE.sub("", text[block.end() : end])]
            at = end
    return "".join((*parts, text[at:]))


def _deferring(text: str) -> Iterator[str]:
    """Yield the `depends_on` of each data source, and of each module: it may hold data sources."""
    kind = ""
    for match in _HEADER_OR_ORDER.finditer(text):
        if match["kind"] is not None:
            kind = match["kind"]
        elif kind in _DEFERRING:
            yield match["names"]
