"""The palettes and the glyphs: colour is never the only sign of anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui.ink import Palette

_SHAPES: Final = {
    "strong": "bold",
    "dim": "dim",
    "cursor": "reverse",
    "selected": "bold reverse underline",
    "struck": "strike dim",
    "under": "underline",
    "head": "bold underline",
    "key": "bold",
    "prod": "bold reverse",
    "alarm": "bold reverse",
    "token": "reverse",
}
# The terminal's own sixteen colours: they suit its background, whatever that is.
_TERMINAL: Final = _SHAPES | {
    "critical": "bold bright_red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "good": "green",
    "busy": "bright_blue",
    "added": "green",
    "removed": "red",
    "info": "cyan",
    "mark": "bold magenta",
    "cursor": "black on white",
    "selected": "black on bright_cyan",
    "band": "bold white on blue",
    "prod": "bold white on red",
    "alarm": "bold white on red",
    "key": "bold cyan",
    "head": "bold",
}
# Red and green never stand against each other: blue, orange and shape do.
_COLOUR_BLIND: Final = _TERMINAL | {
    "critical": "bold #d55e00 reverse",
    "high": "bold #d55e00",
    "medium": "#f0e442",
    "low": "#56b4e9",
    "good": "bold #0072b2",
    "added": "#56b4e9",
    "removed": "#e69f00 underline",
    "prod": "bold black on #e69f00",
    "alarm": "bold black on #e69f00",
}
_MONO: Final = _SHAPES | {
    "critical": "bold reverse",
    "high": "bold",
    "added": "bold",
    "removed": "underline",
    "mark": "bold",
    "band": "reverse",
    "alarm": "bold underline",
    "cursor": "reverse",
    "good": "",
}

PALETTES: Final[Mapping[str, Mapping[str, str]]] = {
    "terminal": _TERMINAL,
    "colour-blind": _COLOUR_BLIND,
    "mono": _MONO,
}
"""Chosen by `--theme` and `:theme NAME`."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the frame; with `ascii_only` none is outside ASCII."""

    mark: str = "●"
    fold: str = "▸"
    open: str = "▾"
    up: str = "▲"
    down: str = "▼"
    arrow: str = "→"
    dot: str = "·"
    bar: str = "│"
    rule: str = "─"


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(
    mark="*", fold=">", open="v", up="^", down="v", arrow="->", dot="-", bar="|", rule="-"
)


def palette(name: str, *, ascii_only: bool = False) -> Palette:
    """Return the palette called `name`."""
    return Palette(PALETTES[name], ascii_only=ascii_only)
