"""All of one capture in a file, for evidence; the server is sent no more than without it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from agent.capture import Captured
from agent.differences import whole_sections
from agent.errors import AgentError
from agent.private_files import fresh_private, sync
from agent.protocol.messages import written_sections


def write_snapshot(captured: Captured, file: Path, *, host: str) -> None:
    """Write every leaf of `captured` into `file`, which only its owner reads.

    The sections are as a report has them, so that `root` can be made of them once more.

    Raises:
        AgentError: its folder is not there.
    """
    if not file.parent.is_dir():
        raise AgentError(
            f"--snapshot {file}: there is no folder {file.parent}",
            remedy="make it, or name another",
        )
    fresh = file.with_name(f".{file.name}.new")
    taken_at = int(time.time() - (time.monotonic() - captured.at))
    head = json.dumps({"host": host, "captured_at": taken_at, "root": captured.root})
    with fresh_private(fresh) as opened:
        opened.write(head[:-1].encode() + b', "sections": ')
        sections = whole_sections({}, captured.digests, captured.sections)
        opened.writelines(written_sections(sections))
        opened.write(b"}\n")
        sync(opened)
    fresh.replace(file)
