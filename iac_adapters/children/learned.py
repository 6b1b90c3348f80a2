"""Questions learnt from what a stack declares itself, whoever made its provider. Pure.

A declared child shows how its type is asked for: which of its attributes hold identities of
resources it depends on, and how its own identity is made of them. Where that is made of nothing
else, the same can be asked of every other resource of those types. No name of a provider, a type
or an attribute is known here; what is learnt counts only if the declared child answers to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice, product
from typing import Final

from iac_adapters.children.managed import Managed
from iac_adapters.children.question import (
    PENDING,
    Declared,
    Question,
    can_be_asked,
    texts_of,
)
from iac_adapters.children.rule import ChildRule
from reconciler.domain.model import ResourceAddress, Severity
from reconciler.domain.severity_names import RIGHTS_TYPES

_MOST_PER_TYPE: Final = 200
_SHORTEST: Final = 2
_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]*\Z")
_OWN: Final = ("id", "name")


@dataclass(frozen=True, slots=True)
class Form:
    """How an identity is made: `{0}@{1}` of these attributes of parents of these types."""

    child: str
    template: str
    parents: tuple[tuple[str, str], ...]


def learned_questions(
    resources: Mapping[ResourceAddress, Managed], declared: Declared
) -> Iterator[Question]:
    """Yield what the declared children of `resources` teach to ask of their parents."""
    forms: dict[Form, Managed] = {}
    for resource in resources.values():
        form = _form_of(resource, resources)
        if form is not None:
            forms.setdefault(form, resource)
    for form, example in forms.items():
        yield from islice(_questions(form, example, resources, declared), _MOST_PER_TYPE)


def _form_of(child: Managed, resources: Mapping[ResourceAddress, Managed]) -> Form | None:
    if not can_be_asked(child) or not child.dependencies:
        return None
    values = texts_of(child)
    identity = values.get("id", "")
    found = sorted(_found(identity, _parents(child, values, resources)))
    if not found:
        return None
    pieces, at = [], 0
    for number, (start, end, _) in enumerate(found):
        pieces += [_escaped(identity[at:start]), f"{{{number}}}"]
        at = end
    template = "".join([*pieces, _escaped(identity[at:])])
    if not _SEPARATORS.match(re.sub(r"\{\d+\}", "", template)):
        return None
    return Form(child.type, template, tuple(parent for _, _, parent in found))


def _parents(
    child: Managed,
    values: Mapping[str, str],
    resources: Mapping[ResourceAddress, Managed],
) -> dict[str, tuple[str, str]]:
    """Return, by its text, which attribute of which type of parent the child refers to."""
    held = {value for name, value in values.items() if name != "id"}
    parents: dict[str, tuple[str, str]] = {}
    for address in child.dependencies:
        parent = resources.get(address)
        if parent is None or not can_be_asked(parent) or not _same_provider(child, parent):
            continue
        own = texts_of(parent)
        for name in _OWN:
            text = own.get(name, "")
            if len(text) >= _SHORTEST and text in held:
                parents.setdefault(text, (parent.type, name))
    return parents


def _found(
    identity: str, parents: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """Yield where the texts stand in `identity`, the longest first, none within another."""
    taken = [False] * len(identity)
    for text in sorted(parents, key=len, reverse=True):
        start = identity.find(text)
        if start >= 0 and not any(taken[start : start + len(text)]):
            taken[start : start + len(text)] = [True] * len(text)
            yield start, start + len(text), parents[text]


def _questions(
    form: Form,
    example: Managed,
    resources: Mapping[ResourceAddress, Managed],
    declared: Declared,
) -> Iterator[Question]:
    held = PENDING if declared.is_pending([form.child]) else ""
    choices = [
        [
            (resource, texts_of(resource).get(attribute, ""))
            for resource in resources.values()
            if resource.type == type_name
            and can_be_asked(resource)
            and _same_provider(example, resource)
        ]
        for type_name, attribute in form.parents
    ]
    proof = texts_of(example)["id"]
    for chosen in product(*choices):
        texts = [text for _, text in chosen]
        identity = form.template.format(*texts)
        if not all(texts) or declared.holds([form.child], *([text] for text in texts)):
            continue
        label = identity if len(chosen) > 1 else ""
        yield Question(
            rule=_rule(form, example),
            parent=chosen[0][0],
            values={"identity": identity},
            label=label,
            proof=proof,
            held=held,
        )


def _rule(form: Form, example: Managed) -> ChildRule:
    assert example.provider is not None  # noqa: S101 - `_form_of` has looked
    settable = example.provider.settable(form.child)
    rights = any(fnmatchcase(form.child, glob) for glob in RIGHTS_TYPES)
    return ChildRule(
        parent=form.parents[0][0],
        child=form.child,
        rank=Severity.CRITICAL if rights else Severity.MEDIUM,
        id="{identity}",
        counts=tuple(sorted(set(settable) - {"id", "timeouts"})),
        # A service may make some of them by itself; whoever looks first cannot tell.
        first_look=True,
    )


def _same_provider(left: Managed, right: Managed) -> bool:
    return (
        left.provider is not None
        and right.provider is not None
        and left.provider.digest == right.provider.digest
    )


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def types_learned(questions: Iterable[Question]) -> frozenset[str]:
    """Return the types of children that `questions` are about."""
    return frozenset(question.rule.child for question in questions)
