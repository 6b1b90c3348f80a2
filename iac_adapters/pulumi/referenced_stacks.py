"""The records of other stacks that a program takes outputs from, by size and time of change.

Only a backend that is a folder shows them; what another one holds is seen when the program is
next run. So is a reference that no update has recorded yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.checkpoint import STACK_REFERENCE, parse_checkpoint
from iac_adapters.pulumi.sources import stamp

_GZIP: Final = b"\x1f\x8b"


def referenced_stacks(content: bytes, place: Place) -> dict[str, str]:
    """Return the stamp of the file of each stack that the record `content` refers to, by name.

    One that is not there any more has an empty stamp.

    Raises:
        PermanentError: the record is damaged.
    """
    if (place.root or place.packed_in) is None or not _may_refer(content):
        return {}
    record = parse_checkpoint(content, origin=place.recorded_in)
    names = {
        str(resource.inputs.get("name"))
        for resource in record.resources
        if resource.type == STACK_REFERENCE
    }
    return {name: _stamped(place, name) for name in sorted(names)}


def _may_refer(content: bytes) -> bool:
    return content.startswith(_GZIP) or STACK_REFERENCE.encode() in content


def _stamped(place: Place, name: str) -> str:
    """Return the stamp of the stack `name`: `organization/PROJECT/STACK`, or a legacy name."""
    above, _, stack = name.rpartition("/")
    project = above.rpartition("/")[2] or place.project
    file = replace(place, project=project, stack=stack).any_file
    try:
        return stamp(file.stat()) if file is not None else ""
    except OSError:
        return ""
