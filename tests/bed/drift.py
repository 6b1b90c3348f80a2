"""One thing done behind the tool's back, and what a check must say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["changed", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A change or a deletion; `look` returns what it concerns, as the world has it now.

    `look` is None where the tool's state is all there is. `paths` are the causes expected at
    `address`; an expected path covers what is below it. `also` are resources that the tool
    plans with it, `settled` what the world does once the tool corrected it; `by_hand`
    says that the provider cannot correct it, so that only `settled` is done.
    """

    address: str
    do: Callable[[], object]
    look: Callable[[], Any] | None = None
    kind: Kind = "changed"
    paths: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    settled: Callable[[], object] | None = None
    by_hand: bool = False


def changed(
    address: str, paths: Iterable[str], do: Callable[[], object], look: Callable[[], Any] | None
) -> Drift:
    """Describe an object that is another than it was, at `paths`."""
    return Drift(address=address, paths=frozenset(paths), do=do, look=look)


def deleted(
    address: str, do: Callable[[], object], look: Callable[[], Any] | None, *also: str
) -> Drift:
    """Describe an object that is gone."""
    return Drift(address=address, kind="missing", do=do, look=look, also=frozenset(also))
