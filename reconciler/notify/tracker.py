"""What the life cycle of tickets asks of a tracker, and how a ticket's text is laid out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

_FENCE: Final = re.compile("`{3,}")
_MARK: Final = re.compile("trueup-(?=alert|cause|waits|overflow)")
"""A value that looks like a mark would be found as one."""
_LEFT_OUT: Final = "... cut: the tracker takes no longer text"
_ROOM_FOR_MARK: Final = 200


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
    longest: int
    link: str = "{text}: {href}"

    def comment(self, text: str) -> str:
        """Return `text` for a comment, so that it and its mark fit."""
        return self.verbatim(text, longest=self.longest - _ROOM_FOR_MARK)

    def verbatim(self, text: str, *, longest: int) -> str:
        """Return `text` so that nothing in it mentions, links, formats or commands.

        Of what is longer than `longest`, the last lines are left out.
        """
        safe = _MARK.sub("trueup -", _FENCE.sub("'''", text))
        for word in self.broken:
            safe = safe.replace(word, f"{word[0]} {word[1:]}")
        room = longest - _length(self.opened + self.closed)
        return f"{self.opened}{_cut(safe, room)}{self.closed}"

    def described(
        self, old: str, text: str, marks: Sequence[str], *, links: Sequence[str] = ()
    ) -> str:
        """Return the description `old` with `text`, the lines `links` and `marks` as our part.

        The part is at the end where `old` has none. What people wrote, the links and the marks
        stay whole; `text` is cut to the room that they leave.
        """
        tail = "\n".join([*links, " ".join(marks), self.end])
        around = self._merged(old, f"{self.begin}\n\n{tail}")
        shown = self.verbatim(text, longest=self.longest - _length(around))
        return self._merged(old, f"{self.begin}\n{shown}\n{tail}")

    def _merged(self, old: str, section: str) -> str:
        begin, found, rest = old.partition(self.begin)
        _, closed, after = rest.partition(self.end)
        if found and closed:
            return f"{begin}{section}{after}"
        return f"{old.rstrip()}\n\n{section}".lstrip()


def _cut(text: str, room: int) -> str:
    if _length(text) <= room:
        return text
    kept: list[str] = []
    left = room - _length(_LEFT_OUT)
    for line in text.split("\n"):
        left -= _length(line) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join([*kept, _LEFT_OUT])


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


MARKDOWN: Final = Markup(
    "<!-- trueup -->",
    "<!-- /trueup -->",
    "```text\n",
    "\n```",
    ("<!--",),
    longest=65_536,
    link="{text}: <{href}>  ",
)
"""GitHub and GitLab: in a fenced block nobody is mentioned and no quick action is taken.

The limit is GitHub's; GitLab takes a million characters.
"""
WIKI: Final = Markup(
    "----\n_trueup_",
    "_/trueup_",
    "{noformat}\n",
    "\n{noformat}",
    ("{noformat", "_/trueup_"),
    longest=32_767,
)
"""Jira, API version 2."""
PLAIN: Final = Markup(
    "--- trueup ---",
    "--- /trueup ---",
    "",
    "",
    ("--- /trueup ---", "[code]", "[/code]"),
    longest=4_000,
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
