"""Which rows of a scan are listed at times alone, and say nothing of how much a stack holds."""

from __future__ import annotations

import re
from typing import Final

from reconciler.domain.model import OUTPUT_TYPE

_DATA_SOURCE: Final = re.compile(
    r'(?:module\.[^.\[\]]+(?:\[(?:-?\d+|"(?:[^"\\]|\\.)*")\])?\.)*data\.', re.DOTALL
)


def comes_and_goes(address: str) -> bool:
    """Whether it is an output, or a data source, which is listed where it could not be read."""
    return address.startswith(f"{OUTPUT_TYPE}.") or _DATA_SOURCE.match(address) is not None
