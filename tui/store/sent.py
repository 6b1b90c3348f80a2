"""What was just sent to the daemon, until it says what came of it."""

from __future__ import annotations

from typing import Final

NO_ANSWER: Final = "no answer yet"


class Sent:
    """Words for what was sent about a finding, a remediation or a stack, by its id.

    They stand until that is read again after the daemon answered: a read that `began` before may
    be older than the answer. A refusal takes them away, and a lost answer says so instead.
    """

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._answered: dict[str, int] = {}
        self.moment = 0
        """How many answers came so far: a read takes it when it begins."""

    def begin(self, name: str, words: str) -> None:
        """Note that something is on its way."""
        self._answered.pop(name, None)
        self._words[name] = words

    def answered(self, name: str, *, known: bool) -> None:
        """Note that it was taken; or, where the answer was lost, that nobody knows."""
        if name in self._words:
            self.moment += 1
            self._answered[name] = self.moment
            if not known:
                self._words[name] = NO_ANSWER

    def end(self, name: str) -> None:
        """Forget it: it was refused, or what it is about is gone."""
        self._words.pop(name, None)
        self._answered.pop(name, None)

    def was_read(self, name: str, *, began: int | None = None) -> None:
        """Note that what it is about was read, from the moment `began` on; None for just now.

        Begun after the answer, the daemon has said what it is.
        """
        answered = self._answered.get(name)
        if answered is not None and (began is None or began >= answered):
            self.end(name)

    def of(self, *names: str) -> str:
        """Return the words about the first of `names` that has any; empty for none."""
        return next((self._words[name] for name in names if name in self._words), "")
