"""What of a child counts, and what of that is there without anybody having added it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from iac_adapters.children.question import Declared, Question, identities_of, texts_in
from iac_adapters.children.rule import ChildRule
from reconciler.domain.compare import same
from reconciler.domain.origin import is_empty
from reconciler.domain.values import Value

Content: TypeAlias = Mapping[str, Value]
"""The attributes of one child that count."""
Contents: TypeAlias = Mapping[str, Content]
"""Children by what tells them apart; of a single child that is the empty text."""

_SIGNIFICANT: Final = frozenset(".:/-")


def added(rule: ChildRule, content: Content) -> Content:
    """Return what of `content` an untouched parent does not have; nothing where all is as made."""
    found: dict[str, Value] = {}
    for name, value in content.items():
        made = rule.untouched.get(name)
        rest = _beyond(value, made)
        # What an untouched parent has switched on is open when it is off.
        if not _is_nothing(rest) or (made is True and rest is False):
            found[name] = rest
    return found


def undeclared(question: Question, contents: Contents, declared: Declared) -> dict[str, Content]:
    """Return the children that no resource of the stack declares, each with what counts of it."""
    rule = question.rule
    left: dict[str, Content] = {}
    for element, content in contents.items():
        if element and _is_declared(question, element, declared):
            continue
        rest = {
            name: _without_declared(question, value, declared) for name, value in content.items()
        }
        if rule.listing is not None or added(rule, rest):
            left[element] = rest
    return left


def is_declared(question: Question, element: str, declared: Declared) -> bool:
    """Whether `element` is declared, or the cloud made it along with the parent."""
    return _is_declared(question, element, declared)


def _is_declared(question: Question, element: str, declared: Declared) -> bool:
    listing = question.rule.listing
    if listing is None:
        return False
    if any(question.values.get(name) == element for name in listing.made_with):
        return True
    types = question.rule.declaring - {question.rule.parent}
    parts = [[plain(part)] for part in element.split(" ")] if listing.key else [[element]]
    if listing.has_identities:
        return declared.holds(types, *parts)
    return declared.holds(types, *parts, identities_of(question))


def plain(text: str) -> str:
    """Return a name as code writes it: DNS answers with a final dot and an escaped `*`."""
    return text.rstrip(".").replace("\\052", "*")


def _without_declared(question: Question, value: Value, declared: Declared) -> Value:
    """Return the list `value` without the elements that resources of their own declare."""
    rule = question.rule
    if not isinstance(value, list) or not rule.declared_by or rule.listing is not None:
        return value
    owner = rule.id.format_map(question.values)
    return [item for item in value if not _is_echo(item, rule.declared_by, owner, declared)]


def _is_echo(item: Value, types: tuple[str, ...], owner: str, declared: Declared) -> bool:
    texts = frozenset(text for text in texts_in(item) if _SIGNIFICANT & frozenset(text))
    return bool(texts) and declared.covers(types, owner, texts)


def _beyond(value: Value, untouched: Value) -> Value:
    if isinstance(value, list) and isinstance(untouched, list):
        return [item for item in value if not any(_matches(item, made) for made in untouched)]
    return None if same(value, untouched) else value


def _matches(item: Value, made: Value) -> bool:
    """Whether `item` says of each attribute that `made` names the same, and opens nothing more."""
    if not isinstance(item, dict) or not isinstance(made, dict):
        return same(item, made)
    alike = all(
        same(item.get(name), value) or (is_empty(item.get(name)) and is_empty(value))
        for name, value in made.items()
    )
    return alike and not any(_opens(item, made))


def _opens(item: Mapping[str, Value], made: Mapping[str, Value]) -> Iterator[str]:
    """Yield the lists of `item` beyond `made`: another range on the rule that comes with it."""
    for name, value in item.items():
        if name not in made and isinstance(value, list) and value:
            yield name


def _is_nothing(value: Value) -> bool:
    return is_empty(value) or value is False or value == 0
