"""What the life cycle of tickets asks of a tracker, and how a ticket's text is laid out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

_FENCE: Final = re.compile("`{3,}")
_MARK: Final = re.compile("trueup-(?=alert|cause|waits|overflow)")
"""A value that looks like a mark would be found as one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as the tracker has it; `key` is how its API names it."""

    key: str
    url: str
    is_open: bool
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a ticket should say. `marks` are the words by which it is found again."""

    title: str
    severity: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Markup:
    """How a tracker's text holds our part of a description, so that people's own words stay.

    `begin` and `end` frame our part; `opened` and `closed` frame text that is shown as it is, and
    in such text `broken` does not occur.
    """

    begin: str
    end: str
    opened: str
    closed: str
    broken: tuple[str, ...]

    def verbatim(self, text: str) -> str:
        """Return `text` so that nothing in it mentions, links, formats or commands."""
        safe = _MARK.sub("trueup -", _FENCE.sub("'''", text))
        for word in self.broken:
            safe = safe.replace(word, f"{word[0]} {word[1:]}")
        return f"{self.opened}{safe}{self.closed}"

    def section(self, text: str, marks: Sequence[str]) -> str:
        """Return our part of a description."""
        return f"{self.begin}\n{self.verbatim(text)}\n{' '.join(marks)}\n{self.end}"

    def merged(self, old: str, section: str) -> str:
        """Return `old` with our part replaced by `section`; with it at the end if there is none."""
        begin, found, rest = old.partition(self.begin)
        _, closed, after = rest.partition(self.end)
        if found and closed:
            return f"{begin}{section}{after}"
        return f"{old.rstrip()}\n\n{section}".lstrip()


MARKDOWN: Final = Markup("<!-- trueup -->", "<!-- /trueup -->", "```text\n", "\n```", ("<!--",))
"""GitHub and GitLab: in a fenced block nobody is mentioned and no quick action is taken."""
WIKI: Final = Markup(
    "----\n_trueup_", "_/trueup_", "{noformat}\n", "\n{noformat}", ("{noformat", "_/trueup_")
)
"""Jira, API version 2."""
PLAIN: Final = Markup(
    "--- trueup ---", "--- /trueup ---", "", "", ("--- /trueup ---", "[code]", "[/code]")
)
"""ServiceNow; its journals show what stands between [code] and [/code] as HTML."""


class Tracker(Protocol):
    """One place for tickets. Each call raises what `Notifier.show` raises."""

    markup: Markup

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket that has the first of `marks` it can be found by."""
        ...

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket; None where it was deleted."""
        ...

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket with `text` as its description."""
        ...

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Give a ticket the title, the severity and the marks of `draft`, and `text`."""
        ...

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment unless one with `mark` is there."""
        ...

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close an open ticket."""
        ...

    async def reopen(self, ticket: Ticket) -> None:
        """Open a closed ticket again."""
        ...

    async def count_open(self, *, most: int) -> int:
        """Return how many tickets of ours are open; counting may end at `most`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
