"""Which attributes of a resource the code refers to, by its text alone. Pure.

Answers one question only: can a change of these attributes reach another resource? What the
text leaves open counts as yes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

# What orders resources, or names one that has moved, hands no value on.
_WITHOUT_VALUE: Final = re.compile(
    r"\bdepends_on\s*=\s*\[[^\]]*\]|\b(?:from|to)\s*=\s*[\w.\-]+(?:\[[^\]\n]*\])?", re.DOTALL
)
_INDEX: Final = r"(?:\[[^\]\n]*\]|\.\*|\.\d+)*"


def referred_to(
    texts: Iterable[str], type_name: str, name: str, attributes: Collection[str]
) -> frozenset[str]:
    """Return those of `attributes` of `type_name.name` that any of `texts` refers to."""
    resource = rf"{re.escape(type_name)}\s*\.\s*{re.escape(name)}(?![\w-])"
    wanted = re.compile(rf"(?<![\w.\-]){resource}{_INDEX}(?:\.(?P<attribute>[^\W\d][\w-]*))?")
    named: set[str] = set()
    for text in texts:
        for match in wanted.finditer(_WITHOUT_VALUE.sub("", text)):
            if match["attribute"] is None:
                return frozenset(attributes)
            named.add(match["attribute"])
    return frozenset(attributes) & named
