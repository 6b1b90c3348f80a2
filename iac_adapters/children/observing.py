"""The children of one stack in one scan: whose turn it is, what was answered, what it means."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

from iac_adapters.children import aws
from iac_adapters.children.asking import Asking
from iac_adapters.children.blind import blind_spots
from iac_adapters.children.contents import Content, undeclared
from iac_adapters.children.learned import learned_questions
from iac_adapters.children.managed import ChildReads, Managed
from iac_adapters.children.memory import Answered, ChildMemory, Kept, as_kept
from iac_adapters.children.question import Declared, Question, questions_of
from iac_adapters.children.rule import ChildRule
from iac_adapters.children.shown import shown_questions
from iac_adapters.children.turns import Turn, take_turns
from iac_adapters.children.verdicts import (
    NOT_ASKED,
    added_children,
    content_digest,
    remembered,
    unseen,
    unseen_below,
)
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    BlindSpot,
    InSync,
    Missing,
    Observed,
    ResourceAddress,
    Unreadable,
    Unseen,
    Verdict,
)
from reconciler.domain.values import Value

_PARENT_UNREAD: Final = "its parent could not be read"


@dataclass(frozen=True)
class StackChildren:
    """The questions that one loaded stack gives rise to."""

    resources: Mapping[ResourceAddress, Managed] = field(repr=False)

    @cached_property
    def declared(self) -> Declared:
        """What the stack declares."""
        return Declared(tuple(self.resources.values()))

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question, whoever's turn it is."""
        others = {a: resource for a, resource in self.resources.items() if not resource.is_aws}
        return (
            *questions_of(self.resources.values(), _rules_for, self.declared),
            *learned_questions(others, self.declared),
        )

    @property
    def removable(self) -> tuple[Question, ...]:
        """Every question about a child that may be destroyed, those the parent shows itself too."""
        asked = (question for question in self.questions if not question.held)
        return (*asked, *shown_questions(self.resources.values(), self.declared))

    @cached_property
    def blind_spots(self) -> tuple[BlindSpot, ...]:
        """The children that nobody can ask for."""
        seen = {(rule.parent, rule.child) for rule in aws.RULES}
        seen |= {(question.rule.parent, question.rule.child) for question in self.questions}
        return blind_spots(self.resources.values(), seen)


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """How much may be asked: `all`, `auto` (a tenth of a scan's calls) or `none`."""

    mode: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChildScan:
    """One scan's look at the children of a stack.

    `silent` are the parents that nobody can ask about in this scan, each with the reason.
    """

    children: StackChildren
    reads: Callable[[Managed], ChildReads]
    memory: ChildMemory
    name: str | None
    options: ChildOptions
    digester: SecretDigester
    silent: Mapping[ResourceAddress, str] = field(default_factory=dict)

    async def observed(
        self, found: Mapping[ResourceAddress, Verdict], wanted: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Yield added children, and what could not be seen; `found` is what the scan read.

        Of a scan that names addresses, only what was named is asked for, and at once.
        """
        questions = self._questions(found, wanted)
        if not questions and not self.silent:
            return
        kept = self.memory.load(self.name)
        scan = kept.scan + (wanted is None)
        # Of a parent that cannot be read an answer proves nothing; the last one stays.
        askable = tuple(
            question
            for question in questions
            if not question.held and not isinstance(found.get(question.parent_address), Unreadable)
        )
        chosen, credit = self._chosen(askable, kept, scan=scan, reads=len(found), wanted=wanted)
        answers, calls = await self._answers(chosen, kept, scan)
        if wanted is None and self.options.mode == "auto":
            # What listed children cost beyond the question itself is paid back by later scans.
            credit -= calls - sum(question.rule.base_calls for question in chosen)
        kept = kept.with_answers(answers, scan=scan, credit=credit)
        kept = self._pruned(kept, wanted)
        with contextlib.suppress(OSError):  # remembered in memory, at least
            self.memory.store(self.name, kept)
        for question in questions:
            for observed in self._means(question, kept.answers.get(question.key), found):
                if wanted is None or observed.address in wanted or self._at_once:
                    yield observed
        for observed in self._lost(kept, wanted):
            yield observed
        for observed in self._named(questions, kept, found, wanted or ()):
            yield observed

    @property
    def _at_once(self) -> bool:
        return self.options.mode == "all"

    def _questions(
        self, found: Mapping[ResourceAddress, Verdict], wanted: Collection[ResourceAddress] | None
    ) -> tuple[Question, ...]:
        if self.options.mode == "none":
            return ()
        return tuple(
            question
            for question in self.children.questions
            if not self._is_left_out(question)
            and not isinstance(found.get(question.parent_address), Missing)
            and self._is_wanted(question, wanted)
        )

    def _is_left_out(self, question: Question) -> bool:
        return any(
            fnmatchcase(name, glob)
            for name in (question.rule.child, question.type)
            for glob in self.options.left_out
        )

    def _is_wanted(self, question: Question, wanted: Collection[ResourceAddress] | None) -> bool:
        if wanted is None or (self._at_once and question.parent_address in wanted):
            return True
        return any(question.concerns(address) for address in wanted)

    def _chosen(
        self,
        questions: tuple[Question, ...],
        kept: Kept,
        *,
        scan: int,
        reads: int,
        wanted: Collection[ResourceAddress] | None,
    ) -> tuple[tuple[Question, ...], float]:
        if wanted is not None or self._at_once:
            return questions, kept.credit
        asked = {
            key: Turn(answer.scan, bool(answer.contents)) for key, answer in kept.answers.items()
        }
        turns = take_turns(questions, asked, scan=scan, reads=reads, credit=kept.credit)
        return turns.chosen, turns.credit

    async def _answers(
        self, chosen: tuple[Question, ...], kept: Kept, scan: int
    ) -> tuple[dict[str, Answered], int]:
        tasks = [
            self._answer(question, kept.answers.get(question.key), scan) for question in chosen
        ]
        answered = await asyncio.gather(*tasks)
        answers = {
            question.key: answer for question, (answer, _) in zip(chosen, answered, strict=True)
        }
        return answers, sum(calls for _, calls in answered)

    async def _answer(
        self, question: Question, before: Answered | None, scan: int
    ) -> tuple[Answered, int]:
        asking = Asking(question, self.reads(question.parent), self.children.declared)
        try:
            contents = await asking.contents()
        except ReconcilerError as error:
            answer = before or Answered(scan, None)
            return replace(answer, scan=scan, reason=str(error) or "no answer"), asking.calls
        kept = {element: _plain(content) for element, content in contents.items()}
        return Answered(scan, kept, accepted=self._accepted(question, kept, before)), asking.calls

    def _accepted(
        self, question: Question, contents: Mapping[str, Content], before: Answered | None
    ) -> dict[str, str]:
        """Return what is right of `contents`: at a first look all, where nobody can tell."""
        if before is not None and before.contents is not None:
            return {k: v for k, v in before.accepted.items() if k in contents}
        if not question.rule.first_look:
            return {}
        key = self.digester.key
        return {element: content_digest(item, key=key) for element, item in contents.items()}

    def _pruned(self, kept: Kept, wanted: Collection[ResourceAddress] | None) -> Kept:
        if wanted is not None:
            return kept
        known = {question.key for question in self.children.questions}
        # Without what was accepted, the next answer would be taken as right.
        known |= {seen.address for seen in unseen_below(self.silent, kept.answers)}
        return replace(kept, answers={k: v for k, v in kept.answers.items() if k in known})

    def _means(
        self,
        question: Question,
        answered: Answered | None,
        found: Mapping[ResourceAddress, Verdict],
    ) -> Iterator[Observed]:
        if isinstance(found.get(question.parent_address), Unreadable):
            yield from unseen(question, answered, _PARENT_UNREAD)
        elif question.held:
            yield from unseen(question, answered, question.held)
        elif answered is None:
            yield from unseen(question, None, NOT_ASKED)
        elif answered.reason or answered.contents is None:
            yield from unseen(question, answered, answered.reason, asked=True)
        else:
            left = undeclared(question, answered.contents, self.children.declared)
            yield from added_children(question, left, answered, self.digester)

    def _lost(self, kept: Kept, wanted: Collection[ResourceAddress] | None) -> Iterator[Observed]:
        """Yield what was found before at parents that nobody can ask about now."""
        addresses = remembered(kept.answers) if wanted is None else wanted
        return unseen_below(self.silent, addresses)

    def _named(
        self,
        questions: tuple[Question, ...],
        kept: Kept,
        found: Mapping[ResourceAddress, Verdict],
        wanted: Collection[ResourceAddress],
    ) -> Iterator[Observed]:
        """Yield of the children that were named, and are not shown, whether they are gone.

        What has no answer is not gone: it would heal, and a removal would count as done.
        """
        for address in sorted(wanted):
            meant = [
                seen
                for question in questions
                if question.concerns(address)
                for seen in self._means(question, kept.answers.get(question.key), found)
            ]
            if any(seen.address == address for seen in meant):
                continue
            silent = next((seen for seen in meant if isinstance(seen.verdict, Unseen)), None)
            if silent is not None:
                yield Observed(address, silent.verdict)
            elif any(question.concerns(address) for question in questions):
                yield Observed(address, InSync())


def _rules_for(resource: Managed) -> tuple[ChildRule, ...]:
    return _AWS.get(resource.type, ()) if resource.is_aws else ()


def _by_parent() -> dict[str, tuple[ChildRule, ...]]:
    found: dict[str, tuple[ChildRule, ...]] = {}
    for rule in aws.RULES:
        found[rule.parent] = (*found.get(rule.parent, ()), rule)
    return found


def _plain(content: Content) -> Content:
    kept: Value = as_kept(dict(content))
    assert isinstance(kept, dict)  # noqa: S101 - it was one
    return kept


_AWS: Final = _by_parent()
