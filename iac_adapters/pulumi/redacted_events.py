"""What the engine's events tell of a resource's values, where secrets are masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from iac_adapters.pulumi.events import Done
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.values import SECRET, SIGNATURE, Raw, RawProperties

_REDACTED: Final = "[secret]"


def refreshed(step: Done, side: str) -> ReadAnswer | None:
    """Return what the CLI's own refresh has read, as `old` or `new`; None where it is not told."""
    state = step.metadata.get(side)
    if not isinstance(state, dict):
        return None
    return ReadAnswer(str(state.get("id") or ""), tagged(state.get("outputs") or {}), None)


def diffs_in(step: Done) -> tuple[str, ...]:
    """Return the properties that a step is about, as far as the provider told them."""
    detailed = step.metadata.get("detailedDiff")
    paths = [*(step.metadata.get("diffs") or ()), *(detailed if isinstance(detailed, dict) else ())]
    return tuple(dict.fromkeys(map(str, paths)))


def is_redacted(value: Raw) -> bool:
    """Whether the engine has put `[secret]` in the place of a text, here or below."""
    if isinstance(value, dict):
        return any(map(is_redacted, value.values()))
    if isinstance(value, list):
        return any(map(is_redacted, value))
    return bool(value == _REDACTED)


def unredacted(live: ReadAnswer, recorded: RawProperties, paths: Sequence[str]) -> ReadAnswer:
    """Return `live` with recorded secrets where it masks them, but in the properties that changed.

    That a secret changed is seen from `told` alone; where the provider names none, nobody sees it.
    """
    outputs = {
        name: value if name in paths else filled(value, recorded.get(name))
        for name, value in live.outputs.items()
    }
    return ReadAnswer(live.id, outputs, None)


def filled(value: Raw, known: Raw) -> Raw:
    """Return `value` with what is `known` in the places of masked secrets."""
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        return value if known is None else known
    if isinstance(value, dict):
        other = known if isinstance(known, dict) else {}
        return {key: filled(item, other.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(known, list) and len(known) == len(value):
        return [filled(item, other) for item, other in zip(value, known, strict=True)]
    return value


def tagged(raw: Any) -> Raw:
    """Return events' values such that a masked secret still is one."""
    if isinstance(raw, list):
        return [tagged(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get(SIGNATURE) == SECRET:
        return {SIGNATURE: SECRET, "value": str(raw.get("ciphertext") or _REDACTED)}
    return {key: tagged(item) for key, item in raw.items()}
