"""What is remembered of a stack's children between scans and restarts. Kept encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

from iac_adapters.children.contents import Content
from iac_adapters.sealed_files import SealedFiles
from iac_adapters.sealed_memory import SealedMemory
from reconciler.domain.values import Value

_FORMAT: Final = 1
_MOST: Final = 4_096
_MOST_BYTES: Final = 128 * 2**20


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """What one question was last answered, in which scan.

    `contents` are the children that nobody declared, None where that could not be told and
    `reason` says why. `accepted` holds by child the digest of the content that is right.
    """

    scan: int
    contents: Mapping[str, Content] | None
    reason: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What is remembered of one stack: how many scans, what they may still ask, the answers."""

    scan: int = 0
    credit: float = 0.0
    answers: Mapping[str, Answered] = field(default_factory=dict)

    def with_answers(self, answers: Mapping[str, Answered], **more: Any) -> Kept:
        """Return the same with `answers` in place of the older ones."""
        return replace(self, answers={**self.answers, **answers}, **more)


ChildMemory: TypeAlias = SealedMemory[Kept]


def child_memory(folder: Path, *, key: bytes) -> ChildMemory:
    """Return what is kept of children below `folder`, by stack."""
    files = SealedFiles(
        folder,
        key=key,
        purpose="trueup memory of children",
        suffix=".children",
        most=_MOST,
        most_bytes=_MOST_BYTES,
    )
    return SealedMemory(files, _pack, _unpack, Kept())


def _pack(kept: Kept) -> bytes:
    return orjson.dumps(_packed(kept), default=str)


def _packed(kept: Kept) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "scan": kept.scan,
        "credit": kept.credit,
        "answers": {
            key: {
                "scan": answer.scan,
                "contents": None
                if answer.contents is None
                else {name: dict(content) for name, content in answer.contents.items()},
                "reason": answer.reason,
                "accepted": dict(answer.accepted),
            }
            for key, answer in kept.answers.items()
        },
    }


def _unpack(content: bytes) -> Kept:
    data = orjson.loads(content)
    if data["format"] != _FORMAT:
        message = "kept by another release"
        raise ValueError(message)
    return Kept(
        scan=int(data["scan"]),
        credit=float(data["credit"]),
        answers={key: Answered(**answer) for key, answer in data["answers"].items()},
    )


def as_kept(value: Value) -> Value:
    """Return `value` as it comes back from the file, so that both compare equal."""
    restored: Value = orjson.loads(orjson.dumps(value, default=str))
    return restored
