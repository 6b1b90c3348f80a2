"""Recipients that a server refuses while it takes a mail for the others. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.notify.text import safe

Refused = Mapping[str, tuple[int, bytes]]
"""By recipient, the code and the words of the refusal, as smtplib gives them."""
PERMANENT: Final = 500
_MOST_TRIES: Final = 6
"""The pauses before them double from 30 s: half an hour, in which greylisting ends."""
_LONGEST_WORDS: Final = 160


@dataclass(frozen=True, slots=True)
class Reached:
    """What is said of those that a mail did not reach.

    `left` is what a receipt holds so that those refused for now, and nobody else, are tried again;
    None where nobody is.
    """

    said: str
    left: Mapping[str, str] | None = None


def still_to_reach(
    receipt: Mapping[str, str], revision: int, recipients: Sequence[str]
) -> Sequence[str]:
    """Return for whom the mail of a revision is: after a part, for those who are left."""
    if receipt.get("left_of") != str(revision):
        return recipients
    left = receipt["left"].split(",")
    return [each for each in recipients if each in left] or recipients


def reached(
    receipt: Mapping[str, str],
    revision: int,
    recipients: Sequence[str],
    refused: Refused,
    *,
    may_retry: bool = True,
) -> Reached | None:
    """Return what came of a mail that somebody got; None where everybody did."""
    tries = int(receipt.get("tries", "0")) + 1
    lost: dict[str, str] = {}
    if receipt.get("left_of") == str(revision):
        lost = json.loads(receipt["lost"])
    for_now = [each for each, (code, _) in refused.items() if code < PERMANENT]
    left = for_now if may_retry and tries <= _MOST_TRIES else []
    lost |= {each: _words(refused[each]) for each in refused if each not in left}
    missed = lost | {each: f"{_words(refused[each])}, tried again" for each in left}
    if not missed:
        return None
    delivered = ", ".join(each for each in recipients if each not in missed)
    each_said = "; ".join(f"{safe(each)} refused: {words}" for each, words in missed.items())
    said = f"delivered to {safe(delivered) or 'nobody else'}; {each_said}"
    if not left:
        return Reached(said)
    parts = {"left_of": str(revision), "left": ",".join(left), "tries": str(tries)}
    return Reached(said, {**parts, "lost": json.dumps(lost)})


def _words(refusal: tuple[int, bytes]) -> str:
    code, words = refusal
    return f"{code} {safe(words.decode('utf-8', 'replace'), longest=_LONGEST_WORDS)}".rstrip()
