"""The table of AWS children as `docs/children.md` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from iac_adapters.children import aws
from iac_adapters.children.rule import ChildRule


def table_lines() -> Iterator[str]:
    """Yield a line for each rule, the parents in order."""
    for rule in sorted(aws.RULES, key=lambda item: (item.parent, item.child)):
        yield _line(rule)


def shown_text() -> str:
    """Return the children that are found at their parents."""
    return ", ".join(f"`{name}`" for name in sorted(aws.SHOWN_BY_PARENT)) + "."


def blind_text() -> str:
    """Return the children that nobody can ask for."""
    return ", ".join(f"`{name}`" for names in sorted(aws.BLIND.values()) for name in names)


def _line(rule: ChildRule) -> str:
    listing = rule.listing
    if listing is None:
        through = "import"
    elif listing.arguments is None:
        through = f"`{listing.source}`"
    else:
        through = f"data `{listing.source}`"
    compared = ", ".join(f"`{name}`" for name in rule.counts or rule.shows) or "that it exists"
    return f"| `{rule.parent}` | `{rule.child}` | {through} | {compared} | {_untouched(rule)} |"


def _untouched(rule: ChildRule) -> str:
    if rule.first_look:
        return "what is there at the first look"
    if rule.untouched:
        return "what AWS makes it with"
    if rule.listing is not None and rule.listing.made_with:
        return "what is made with the parent"
    return "none"
