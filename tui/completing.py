"""What the `:` line may become: names of commands, and what each takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Takes = Mapping[str, Callable[[], Iterable[str]]]
"""What stands behind a command, by its name; read when it is asked for."""


def completions(
    text: str, names: Iterable[str], takes: Takes, *, several: Collection[str] = ()
) -> list[str]:
    """Return every line that `text` is the beginning of, sorted.

    Nothing is completed behind a command that takes nothing, nor a second word but behind
    `several`, of which the last word counts.
    """
    start = text.lstrip()
    name, space, rest = start.partition(" ")
    if not space:
        return [found for found in sorted({*names}) if found.startswith(name)]
    if name not in takes:
        return []
    before, again, last = rest.rpartition(" ")
    if again and name not in several:
        return []
    head = f"{name} {before} " if before else f"{name} "
    return [head + found for found in sorted({*takes[name]()}) if found.startswith(last)]


def common_start(found: Sequence[str]) -> str:
    """Return what all of `found` begin with."""
    if not found:
        return ""
    first, last = min(found), max(found)
    same = next((at for at, (a, b) in enumerate(zip(first, last)) if a != b), None)  # noqa: B905 - to the shorter's end
    return first if same is None else first[:same]
