"""Ids short enough to type: shown as far as they are unique, and taken likewise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from reconciler.cli.client.api import Api
from reconciler.cli.paint import safe
from reconciler.domain.errors import NotFoundError, PermanentError
from reconciler.wire.route import Route

T = TypeVar("T")
SHORTEST: Final = 8
_MOST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Related(Generic[T]):
    """One kind of thing: its noun, where it is listed, its id, how it is described in a line.

    `all` lists them and `single` reads one by its id, where the API can; `listing` is the command
    that shows them; `names_of` returns what may be given in full in place of an id.
    """

    noun: str
    all: Route[T]
    id_of: Callable[[T], str]
    listing: str
    line: Callable[[T], str]
    single: Route[T] | None = None
    names_of: Callable[[T], tuple[str | None, ...]] = lambda _: ()


def shortened(ids: Iterable[str]) -> dict[str, str]:
    """Return each id's beginning, all equally long, so that no two look the same."""
    whole = sorted(set(ids))
    length = SHORTEST
    for left, right in itertools.pairwise(whole):
        length = max(length, _common(left, right) + 1)
    return {whole_id: whole_id[:length] for whole_id in whole}


def find_one(api: Api, related: Related[T], given: str) -> T:
    """Return the one thing that `given` names by id, by its beginning or by name.

    Raises:
        NotFoundError: there is none; the nearest are told.
        PermanentError: there are several; they are told.
    """
    exact = api.find(related.single, given) if related.single and given else None
    if exact is not None:
        return exact
    found = choose(api.each(related.all), related, given)
    # An item of a list has less of each.
    return api.ask(related.single, related.id_of(found)) if related.single else found


def choose(items: Iterable[T], related: Related[T], given: str) -> T:
    """Return the only one of `items` that `given` may mean; raises as `find_one`."""
    candidates = list(items)
    named = [item for item in candidates if given in _names(item, related)]
    # The end of a Pulumi URN, `TYPE::NAME`, is what tables show of it.
    named = named or [
        item for item in candidates if given and _ends_in(given, _names(item, related))
    ]
    meant = named or [
        item for item in candidates if given and related.id_of(item).startswith(given)
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise PermanentError(
            f"{safe(given)} may mean {len(meant)} {related.noun}s:\n{_candidates(meant, related)}",
            remedy="write more of the id",
        )
    raise NotFoundError(
        f"there is no {related.noun} {safe(given)}", remedy=nearest(candidates, related, given)
    )


def _names(item: T, related: Related[T]) -> set[str | None]:
    return {related.id_of(item), *related.names_of(item)}


def _ends_in(given: str, names: Iterable[object]) -> bool:
    return any(str(name).endswith((f"::{given}", f"${given}")) for name in names)


def _candidates(items: Sequence[T], related: Related[T]) -> str:
    lines = [f"  {safe(related.id_of(item))}  {related.line(item)}" for item in items[:_MOST_SHOWN]]
    if len(items) > _MOST_SHOWN:
        lines.append(f"  and {len(items) - _MOST_SHOWN} more")
    return "\n".join(lines)


def nearest(candidates: Iterable[T], related: Related[T], given: str) -> str:
    """Return what `given` may have been meant as, else where they are listed."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    names = sorted({str(name) for item in candidates for name in _names(item, related) if name})
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(safe(name) for name in near)}?"
    return f"`{related.listing}` lists them"


def _common(left: str, right: str) -> int:
    for index, (character, other) in enumerate(zip(left, right, strict=False)):
        if character != other:
            return index
    return min(len(left), len(right))
