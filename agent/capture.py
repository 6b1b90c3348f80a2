"""What this host is now: every section, and the root of its tree."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.host_root import check_root
from agent.identity import Identity
from agent.leaf_file import LeafFile
from agent.probes.files import FileScope, files_section
from agent.probes.table import DEADLINE_S, probes_of, run_probes
from agent.protocol.canonical import NotCanonicalError
from agent.protocol.messages import is_key
from agent.protocol.tree import (
    Section,
    digest_of,
    leaf_digests,
    root_digest,
    section_digest,
)
from agent.scope import Scope

FILES = "files.leaves"


@dataclass(frozen=True)
class Captured:
    """One capture; `at` is when it began, in seconds of the monotonic clock."""

    sections: Mapping[str, Section]
    digests: Mapping[str, bytes]
    root: str
    at: float


def capture(identity: Identity, scope: Scope, *, state: Path) -> Captured:
    """Look at the host once; nothing of it is changed.

    Raises:
        AgentError: the host's file system does not lie where it is to be.
    """
    began = time.monotonic()
    check_root(Path(identity.root))
    files = FileScope(
        root=Path(identity.root),
        trees=identity.trees,
        declared=scope.files,
        key=bytes.fromhex(identity.digest_key),
        ends=began + DEADLINE_S,
    )
    sections = run_probes(
        {
            **probes_of(files.root, files.key, cloud=identity.cloud),
            "files": lambda: files_section(files, state / FILES),
        }
    )
    digests = {}
    for name, section in sections.items():
        sections[name], digests[name] = _hashed(name, section)
    return Captured(sections, digests, root_digest(digests).hex(), began)


def _hashed(name: str, section: Section) -> tuple[Section, bytes]:
    """Return the section with its digest; one with a key or value that has none is not understood.

    The server refuses a report with such a key whole.
    """
    try:
        if isinstance(section.leaves, LeafFile):
            return section, _digest_of_file(name, section.status, section.leaves)
        if all(map(is_key, section.leaves)):
            return section, digest_of(name, section)
    except (NotCanonicalError, UnicodeEncodeError):  # half a surrogate pair, in a value or a key
        pass
    unread = Section("unsupported")
    return unread, digest_of(name, unread)


def _digest_of_file(name: str, status: str, leaves: LeafFile) -> bytes:
    digests = bytearray()
    for digest in leaf_digests(name, leaves.encoded()):
        digests += digest
    return section_digest(name, status, digests)
