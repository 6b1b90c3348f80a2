"""The parser's own process: reads bodies from stdin, writes to stdout what they say.

A frame is one byte of kind, four of length, and the content. Asked are `J` (JSON) and `Y`
(YAML); answered are `T` (the tree, as JSON) and `R` (a refusal, as JSON).
"""

from __future__ import annotations

import signal
import struct
import sys
from typing import BinaryIO, Final

import orjson

from reconciler.api.refusal import Refusal
from reconciler.api.strict_json import parse_json
from reconciler.api.strict_yaml import parse_yaml
from reconciler.memory_limit import limit_memory

HEAD: Final = struct.Struct("!cI")
JSON: Final = b"J"
YAML: Final = b"Y"
TREE: Final = b"T"
REFUSED: Final = b"R"
_MOST_MEMORY_BYTES: Final = 2**30


def answer_to(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Return the kind and the content of the answer."""
    try:
        tree = parse_yaml(body) if kind == YAML else parse_json(body)
    except Refusal as refusal:
        problem = {"status": refusal.status, "code": refusal.code, "detail": refusal.detail}
        return REFUSED, orjson.dumps({**problem, "remedy": refusal.remedy})
    except MemoryError:
        problem = {"status": 422, "code": "too-large", "detail": "the body takes too much memory"}
        return REFUSED, orjson.dumps({**problem, "remedy": None})
    return TREE, orjson.dumps(tree)


def main() -> None:
    """Answer until stdin ends, which it does with the daemon."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle
    limit_memory(_MOST_MEMORY_BYTES)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (head := source.read(HEAD.size)) and len(head) == HEAD.size:
        kind, length = HEAD.unpack(head)
        _write(target, *answer_to(kind, source.read(length)))


def _write(target: BinaryIO, kind: bytes, content: bytes) -> None:
    target.write(HEAD.pack(kind, len(content)) + content)
    target.flush()


if __name__ == "__main__":
    main()
