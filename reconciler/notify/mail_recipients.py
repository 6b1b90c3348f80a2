"""Recipients that a server refuses while it takes a mail for the others. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.domain.alerts import LEFT_OF
from reconciler.notify.text import safe

Refused = Mapping[str, tuple[int, bytes]]
"""By recipient, the code and the words of the refusal, as smtplib gives them."""
PERMANENT: Final = 500
_MOST_TRIES: Final = 6
"""The pauses before them double from 30 s: half an hour, in which greylisting ends."""
_LONGEST_WORDS: Final = 160
_MOST_READ: Final = 1000
"""Of the words of a refusal, which may name addresses anywhere; a server may send any length."""
_LOCAL_PART: Final = re.compile(r"""([^\s<>"'(),:;@])[^\s<>"'(),:;@]*@""")


@dataclass(frozen=True, slots=True)
class Reached:
    """What is said of those that a mail did not reach.

    `left` is what a receipt holds so that those refused for now, and nobody else, are tried again;
    None where nobody is. `tries` is how often they were offered it.
    """

    said: str
    left: Mapping[str, str] | None = None
    tries: int = 0


def still_to_reach(
    receipt: Mapping[str, str], revision: int, recipients: Sequence[str]
) -> Sequence[str]:
    """Return for whom the mail of a revision is: after a part, for those who are left.

    They are none where those left are no recipients any more.
    """
    if receipt.get(LEFT_OF) != str(revision):
        return recipients
    left = receipt["left"].split(",")
    return [each for each in recipients if _digest(each) in left]


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
    names = {_digest(each): each for each in recipients}
    lost: dict[str, str] = {}
    if receipt.get(LEFT_OF) == str(revision):
        lost = {key: words for key, words in json.loads(receipt["lost"]).items() if key in names}
    for_now = [each for each, (code, _) in refused.items() if code < PERMANENT]
    left = for_now if may_retry and tries <= _MOST_TRIES else []
    lost |= {_digest(each): _words(refused[each]) for each in refused if each not in left}
    missed = {names[key]: words for key, words in lost.items()}
    missed |= {each: f"{_words(refused[each])}, tried again" for each in left}
    if not missed:
        return None
    delivered = ", ".join(_masked(each) for each in recipients if each not in missed)
    each_said = "; ".join(f"{_masked(each)} refused: {words}" for each, words in missed.items())
    said = f"delivered to {safe(delivered) or 'nobody else'}; {each_said}"
    if not left:
        return Reached(said)
    parts = {LEFT_OF: str(revision), "left": ",".join(map(_digest, left)), "tries": str(tries)}
    return Reached(said, {**parts, "lost": json.dumps(lost)}, tries)


def _masked(text: str) -> str:
    """Return what may be stored and shown of addresses: the first letter and the domain."""
    return _LOCAL_PART.sub(r"\1…@", safe(text, longest=_MOST_READ))


def _digest(recipient: str) -> str:
    """Return what a receipt holds of one: enough to know it again, and no address."""
    return hashlib.sha256(recipient.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _words(refusal: tuple[int, bytes]) -> str:
    code, words = refusal
    shown = safe(_masked(words.decode("utf-8", "replace")), longest=_LONGEST_WORDS)
    return f"{code} {shown}".rstrip()
