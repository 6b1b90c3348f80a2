"""What was just sent to the daemon, until it says what came of it."""

from __future__ import annotations

from typing import Final

NO_ANSWER: Final = "no answer yet"


class Sent:
    """Words for what was sent about a finding, a remediation or a stack, by its id.

    They stand until that is read again after the daemon answered: what was read before may be
    older than the answer. A refusal takes them away, and a lost answer says so instead.
    """

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._answered: set[str] = set()

    def begin(self, name: str, words: str) -> None:
        """Note that something is on its way."""
        self._answered.discard(name)
        self._words[name] = words

    def answered(self, name: str, *, known: bool) -> None:
        """Note that it was taken; or, where the answer was lost, that nobody knows."""
        if name in self._words:
            self._answered.add(name)
            if not known:
                self._words[name] = NO_ANSWER

    def end(self, name: str) -> None:
        """Forget it: it was refused, or what it is about is gone."""
        self._words.pop(name, None)
        self._answered.discard(name)

    def was_read(self, name: str) -> None:
        """Note that what it is about was read: after an answer, the daemon has said what it is."""
        if name in self._answered:
            self.end(name)

    def of(self, *names: str) -> str:
        """Return the words about the first of `names` that has any; empty for none."""
        return next((self._words[name] for name in names if name in self._words), "")
