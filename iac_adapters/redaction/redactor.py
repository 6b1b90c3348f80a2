"""Texts without the secrets of one stack, in whatever form somebody repeats them.

Tools and providers quote values in their errors. What is known to be secret in a stack is
blanked there, whoever quotes it.
"""

from __future__ import annotations

import bisect
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from iac_adapters.redaction.environment import telling_texts
from iac_adapters.redaction.forms import forms_of
from iac_adapters.redaction.patterns import BLANK, without_secrets
from iac_adapters.redaction.recognise import SHORTEST, is_recognisable
from reconciler.domain.errors import ReconcilerError

Raised = TypeVar("Raised", bound=ReconcilerError)

_QUOTED: Final = re.compile(r"([\"'`])([^\"'`\n]{1,40})\1|(?<==)()([^\s\"'`,;&)]{1,40})")
_CUT_OFF: Final = 16
"""A secret that was cut short is known by this many of its first characters ..."""
_CUT_OFF_SHARE: Final = 0.6
"""... and this share of them: two addresses of one host begin alike."""


# Not slotted: the index is built for the few stacks that have something to say.
@dataclass(frozen=True, repr=False)
class Redactor:
    """The secret words of one stack."""

    words: frozenset[str] = frozenset()

    def and_also(self, words: Iterable[str]) -> Redactor:
        """Return these and `words`."""
        more = frozenset(words) - self.words
        return Redactor(self.words | more) if more else self

    def without(self, text: str) -> str:
        """Return `text` with each of them blanked, and whatever else looks like a credential.

        Words too short or too common to be told from others are blanked where they stand
        alone, in quotes or after `=`.
        """
        return without_secrets(self._without_short(self._without_words(text)))

    def holds(self, text: str) -> bool:
        """Whether one of the words stands in `text`, in any form."""
        return self._without_words(text) != text

    def error(self, error: Raised) -> Raised:
        """Return the very error, its message and remedy without secrets."""
        error.args = tuple(self.without(a) if isinstance(a, str) else a for a in error.args)
        if error.remedy is not None:
            error.remedy = self.without(error.remedy)
        return error

    @cached_property
    def _index(self) -> _Index:
        words = (word for word in self.words if is_recognisable(word))
        return _Index(form for word in words for form in forms_of(word))

    @cached_property
    def _short(self) -> frozenset[str]:
        return frozenset(word for word in self.words if not is_recognisable(word))

    def _without_words(self, text: str) -> str:
        return self._index.blanked(text) if self.words and len(text) >= SHORTEST else text

    def _without_short(self, text: str) -> str:
        if not self._short:
            return text

        def blanked(found: re.Match[str]) -> str:
            word = found[2] if found[1] else found[4]
            quote = found[1] or ""
            return f"{quote}{BLANK}{quote}" if word in self._short else found[0]

        return _QUOTED.sub(blanked, text)


class _Index:
    """Forms by their first characters: one pass over a text, however many there are."""

    def __init__(self, forms: Iterable[str]) -> None:
        by_head: dict[str, set[str]] = {}
        for form in forms:
            if len(form) >= SHORTEST:
                by_head.setdefault(form[:SHORTEST], set()).add(form)
        self._by_head = {head: _Forms(found) for head, found in by_head.items()}

    def blanked(self, text: str) -> str:
        by_head, pieces, kept, at = self._by_head, [], 0, 0
        last = len(text) - SHORTEST
        while at <= last:
            forms = by_head.get(text[at : at + SHORTEST])
            length = forms.length_at(text, at) if forms is not None else 0
            if not length:
                at += 1
                continue
            pieces += [text[kept:at], BLANK]
            at += length
            kept = at
        return "".join([*pieces, text[kept:]]) if pieces else text


class _Forms:
    """The forms that begin alike."""

    def __init__(self, forms: set[str]) -> None:
        self._forms = forms
        self._sorted = sorted(forms)
        self._lengths = sorted({len(form) for form in forms}, reverse=True)

    def length_at(self, text: str, at: int) -> int:
        """Return how much of `text` at `at` is a form, or one that was cut short; 0 for none."""
        for length in self._lengths:
            if text[at : at + length] in self._forms:
                return length
        return self._cut_off(text[at : at + self._lengths[0]], at_end=self._ends(text, at))

    def _cut_off(self, rest: str, *, at_end: bool) -> int:
        place = bisect.bisect_left(self._sorted, rest)
        best = 0
        for near in self._sorted[max(place - 1, 0) : place + 1]:
            common = _common(near, rest)
            enough = max(_CUT_OFF, round(len(near) * _CUT_OFF_SHARE))
            if common >= enough or (at_end and common == len(rest.rstrip("…."))):
                best = max(best, common)
        return best

    def _ends(self, text: str, at: int) -> bool:
        return len(text) - at <= self._lengths[0]


def _common(left: str, right: str) -> int:
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def redactor_of(words: Iterable[str], environment: Mapping[str, str]) -> Redactor:
    """Return `words`, and the values of those variables whose names tell that they are secret."""
    return Redactor(frozenset((*words, *filter(is_recognisable, telling_texts(environment)))))


@contextlib.contextmanager
def redacting(redactor: Callable[[], Redactor]) -> Iterator[None]:
    """Take the secrets out of an error that leaves the block; `redactor` is asked only then."""
    try:
        yield
    except ReconcilerError as error:
        redactor().error(error)
        raise
