"""Recordings on disk, encrypted with a key derived from the instance key.

A cache that cannot be read is a cache miss, never an error: the plan can be recorded
again at any time.
"""

from __future__ import annotations

import os
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import msgpack

from iac_adapters.sealed_files import SealedFiles
from iac_adapters.terraform.named_files import NamedFile
from iac_adapters.terraform.recorder.capture import DataRead
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.recorder.recording import (
    RecordedConnection,
    RecordedImport,
    RecordedInstance,
    Recording,
)

_FORMAT: Final = 12
_KEPT: Final = 4096
_KEPT_BYTES: Final = 512 * 2**20


class RecordingCache:
    """Recordings by the digest of all that they depend on."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._files = SealedFiles(
            folder,
            key=key,
            purpose="trueup recording cache",
            suffix=".recording",
            most=_KEPT,
            most_bytes=_KEPT_BYTES,
        )

    def load(self, digest: str) -> Recording | None:
        """Return the recording made under `digest`, or None when there is none to be had."""
        content = self._files.load(digest)
        if content is None:
            return None
        try:
            return _unpack(content)
        except (ValueError, TypeError, KeyError):
            return None

    def store(self, digest: str, recording: Recording) -> None:
        """Keep `recording` under `digest`, encrypted; not one that holds ephemeral values."""
        if recording.ephemeral:
            return
        self._files.store(digest, _pack(recording))


def _pack(recording: Recording) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "format": _FORMAT,
            "connections": [astuple(c) for c in recording.connections],
            "instances": {key: astuple(value) for key, value in recording.instances.items()},
            "data_reads": [(index, read.request, read.state)
                           for index, read in recording.data_reads],
            "actions": dict(recording.actions),
            "moved": dict(recording.moved),
            "secrets": dict(recording.secrets),
            "planned": [astuple(change) for change in recording.planned],
            "imports": {key: astuple(value) for key, value in recording.imports.items()},
            "failed_imports": recording.failed_imports,
            "outputs": [output.packed() for output in recording.outputs],
            "built_in": dict(recording.built_in),
            # A name need not be UTF-8, and then no text that msgpack takes holds it.
            "files": {os.fsencode(path): astuple(file) for path, file in recording.files.items()},
            "recorded_at": recording.recorded_at,
            "conditions": recording.conditions,
            "checks": recording.checks,
            "refused": recording.refused,
            "unread": dict(recording.unread),
            "unasked": sorted(recording.unasked),
        }
    )  # fmt: skip
    return packed


def _unpack(data: bytes) -> Recording:
    content: dict[str, Any] = msgpack.unpackb(data)
    if content["format"] != _FORMAT:
        message = "recorded by another release"
        raise ValueError(message)
    return Recording(
        connections=tuple(RecordedConnection(*fields) for fields in content["connections"]),
        instances={key: _instance(fields) for key, fields in content["instances"].items()},
        data_reads=tuple(
            (index, DataRead(request, state)) for index, request, state in content["data_reads"]
        ),
        actions=content["actions"],
        moved=content["moved"],
        secrets={
            address: tuple(map(tuple, places)) for address, places in content["secrets"].items()
        },
        planned=tuple(PlannedChange(*fields) for fields in content["planned"]),
        imports={
            key: RecordedImport(_instance(fields), private, import_id)
            for key, (fields, private, import_id) in content["imports"].items()
        },
        failed_imports=tuple(map(tuple, content["failed_imports"])),
        outputs=tuple(PlannedOutput.unpacked(fields) for fields in content["outputs"]),
        built_in=content["built_in"],
        files={os.fsdecode(path): NamedFile(*fields) for path, fields in content["files"].items()},
        recorded_at=content["recorded_at"],
        conditions=tuple(content["conditions"]),
        checks=tuple(content["checks"]),
        refused=tuple(content["refused"]),
        unread=content["unread"],
        unasked=frozenset(content["unasked"]),
    )


def _instance(fields: list[Any]) -> RecordedInstance:
    *own, validated, provider_meta, planned = fields
    address, type_name, connection, upgraded, config = own
    return RecordedInstance(
        address=address,
        type_name=type_name,
        connection=connection,
        upgraded=upgraded,
        config=config,
        validated=tuple(validated),
        provider_meta=provider_meta,
        planned=planned,
    )
