"""A plan as people read it: what would be destroyed first, and the digest last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.cli.change_lines import difference_lines
from reconciler.cli.client.received import read_value
from reconciler.cli.paint import Paint, safe
from reconciler.cli.words import spoken, text_of, wrapped
from reconciler.domain.records import Json

_ACTIONS: Final = {
    "delete": ("- delete", "critical"),
    "replace": ("-+ replace", "critical"),
    "other": ("? other", "critical"),
    "forget": ("x forget", "medium"),
    "update": ("~ update", "medium"),
    "create": ("+ create", "good"),
}
_ORDER: Final = tuple(_ACTIONS)
DESTRUCTIVE: Final = frozenset({"delete", "replace", "other"})
_INDENT: Final = " " * 11


def plan_lines(plan: Json, *, paint: Paint) -> Iterator[str]:
    """Yield the plan; nothing of it is left out."""
    for resource in sorted(plan.get("resources") or (), key=_rank):
        yield from _resource(resource, paint)
    outputs = plan.get("outputs") or ()
    if outputs:
        yield f"{paint('medium', '~ outputs')}  {', '.join(safe(str(one)) for one in outputs)}"
    if plan.get("resources") or outputs:
        yield ""
    yield text_of(plan["summary"])
    if plan.get("concerns"):
        yield paint("medium", "needs a person:")
        for sentence in plan["concerns"]:
            yield from wrapped(f"! {text_of(sentence)}", indent="  ", paint=paint)
    yield f"digest {text_of(plan['digest'])}"


def destroys(plan: Json) -> bool:
    """Whether anything that exists would not survive it, or nobody knows."""
    return any(one["action"] in DESTRUCTIVE for one in plan.get("resources") or ())


def _rank(resource: Json) -> tuple[int, str]:
    action = str(resource["action"])
    return _ORDER.index(action) if action in _ORDER else -1, str(resource["address"])


def _resource(resource: Json, paint: Paint) -> Iterator[str]:
    action = str(resource["action"])
    word, style = _ACTIONS.get(action, (f"? {spoken(action)}", "critical"))
    yield f"{paint(style, f'{word:<10}')} {paint('strong', text_of(resource['address']))}"
    for change in resource.get("changes") or ():
        lines = difference_lines(
            safe(str(change["path"])),
            read_value(change.get("before")),
            read_value(change.get("after")),
            indent=_INDENT,
            paint=paint,
        )
        for line in lines:
            yield line.rstrip()
