"""A stack's record: checkpoint of the file backend or `stack export`, as values.

Source: sdk/go/common/apitype (core.go, deployment schema) of pulumi/pulumi 3.259.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from iac_adapters.pulumi.backend import MOST_STATE_BYTES
from iac_adapters.pulumi.values import RawProperties
from reconciler.domain.errors import PermanentError

STACK_TYPE: Final = "pulumi:pulumi:Stack"
STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
PROVIDER_TYPES: Final = "pulumi:providers:"
_READ: Final = (3, 4)
_FEATURES: Final = frozenset(
    {"refreshBeforeUpdate", "views", "hooks", "taint", "replaceWith", "extensionParameterization"}
)
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, repr=False)
class StateResource:
    """One resource as the last operation left it; its properties are raw and may be ciphered."""

    urn: str
    type: str
    custom: bool
    id: str
    inputs: RawProperties
    outputs: RawProperties
    parent: str
    provider: str
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The logical name, which is the end of the URN."""
        return self.urn.rpartition("::")[2]

    @property
    def external(self) -> bool:
        """Whether the stack only looks at it."""
        return bool(self.content.get("external"))

    @property
    def is_provider(self) -> bool:
        """Whether it is the configuration of a provider."""
        return self.type.startswith(PROVIDER_TYPES)

    @property
    def ignore_changes(self) -> tuple[str, ...]:
        """The property paths that an update leaves alone."""
        return tuple(map(str, self.content.get("ignoreChanges") or ()))

    @property
    def replace_on_changes(self) -> tuple[str, ...]:
        """The property paths whose change replaces it, whatever its provider says."""
        return tuple(map(str, self.content.get("replaceOnChanges") or ()))

    @property
    def secret_outputs(self) -> tuple[str, ...]:
        """The outputs that are secret beyond what the provider itself says."""
        return tuple(map(str, self.content.get("additionalSecretOutputs") or ()))


@dataclass(frozen=True, slots=True, repr=False)
class PendingOperation:
    """Something that was begun and whose end nobody recorded."""

    resource: StateResource
    kind: str

    @property
    def is_unknown_creation(self) -> bool:
        """Whether nobody knows if its object exists."""
        return self.kind in ("creating", "importing")


@dataclass(frozen=True, slots=True, repr=False)
class Checkpoint:
    """A whole record. `secrets_manager` is such as `passphrase`, with its state.

    `written_s` is when the last operation wrote it, in whole seconds of Unix time.
    """

    resources: tuple[StateResource, ...] = ()
    pending: tuple[PendingOperation, ...] = ()
    secrets_manager: str | None = None
    secrets_state: Mapping[str, Any] = field(default_factory=dict)
    written_s: int | None = None


def parse_checkpoint(content: bytes, *, origin: str) -> Checkpoint:
    """Return what the bytes of a checkpoint (plain or gzip) or of an export say.

    Raises:
        PermanentError: they are damaged, or written by a Pulumi newer than trueup knows.
    """
    document = _document(content, origin)
    version = document.get("version")
    if not isinstance(version, int) or version not in _READ:
        newer = isinstance(version, int) and version > max(_READ)
        raise PermanentError(
            f"{origin}: version {version!r} of a Pulumi state; trueup reads 3 and 4",
            remedy="update trueup" if newer else "open it once with a current `pulumi up`",
        )
    features = document.get("features") or ()
    if not isinstance(features, list | tuple) or not all(
        isinstance(feature, str) for feature in features
    ):
        raise PermanentError(
            f"{origin}: damaged: its `features` are no list of names",
            remedy="restore it from .pulumi/backups, or by `pulumi stack import`",
        )
    if unknown := sorted(set(features) - _FEATURES):
        raise PermanentError(
            f"{origin}: it needs {', '.join(map(str, unknown))}, which trueup does not know",
            remedy="update trueup, or look at this stack with `pulumi refresh --preview-only`",
        )
    latest = document.get("deployment")
    if latest is None and isinstance(wrapped := document.get("checkpoint"), dict):
        latest = wrapped.get("latest")
    if latest is None:
        return Checkpoint()
    try:
        return _checkpoint(latest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(
            f"{origin}: damaged: {_lack(error)}",
            remedy="restore it from .pulumi/backups, or by `pulumi stack import`",
        ) from error


def _lack(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"a resource without {error}"
    return f"a part of it is of the wrong kind ({error})"


def _document(content: bytes, origin: str) -> dict[str, Any]:
    try:
        if content.startswith(_GZIP):
            content = _unpacked(content)
        document = orjson.loads(content)
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as error:
        raise PermanentError(
            f"{origin}: cut short or damaged: {str(error).partition(':')[0]}",
            remedy="restore it from .pulumi/backups, or by `pulumi stack import`",
        ) from error
    if not isinstance(document, dict):
        raise PermanentError(f"{origin}: not a Pulumi state", remedy="check the backend's address")
    return document


def _unpacked(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        unpacked = stream.read(MOST_STATE_BYTES + 1)
    if len(unpacked) > MOST_STATE_BYTES:
        raise zlib.error(f"it unpacks to more than {MOST_STATE_BYTES >> 20} MiB")
    return unpacked


def _checkpoint(latest: Mapping[str, Any]) -> Checkpoint:
    manager = latest.get("secrets_providers") or {}
    return Checkpoint(
        resources=tuple(_resource(body) for body in latest.get("resources") or ()),
        pending=tuple(
            PendingOperation(_resource(body["resource"]), str(body["type"]))
            for body in latest.get("pending_operations") or ()
        ),
        secrets_manager=manager.get("type") or None,
        secrets_state=manager.get("state") or {},
        written_s=_written_s((latest.get("manifest") or {}).get("time")),
    )


def _written_s(time: object) -> int | None:
    """Return a manifest's time; None of one that says none, which Go writes as the year 1."""
    try:
        seconds = int(datetime.fromisoformat(str(time)).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None


def _resource(content: Mapping[str, Any]) -> StateResource:
    return StateResource(
        urn=str(content["urn"]),
        type=str(content["type"]),
        custom=bool(content.get("custom")),
        id=str(content.get("id") or ""),
        inputs=dict(content.get("inputs") or {}),
        outputs=dict(content.get("outputs") or {}),
        parent=str(content.get("parent") or ""),
        provider=str(content.get("provider") or ""),
        content=content,
    )


def provider_urn(reference: str) -> str:
    """Return the URN in a provider's reference, `URN::ID`; the ID of one to come is not known."""
    return reference.rpartition("::")[0]


def type_of(urn: str) -> str:
    """Return the resource type that a URN names; that of the resource, not of its parents."""
    qualified = urn.split("::")[2] if urn.count("::") >= 3 else ""  # noqa: PLR2004 - urn:...::project::types::name
    return qualified.rpartition("$")[2]
