"""What a plan would change of the resources that are built into the tool.

`terraform_data` passes no plugin, so nothing of it is seen on the wire: the plan alone tells.
Source: JSON output format 1.x, `resource_changes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from iac_adapters.terraform.exact_json import exact_dumps

_PROVIDER: Final = "terraform.io/builtin/terraform"
_UPDATES: Final = ("update",)


def built_in_changes(shown: Mapping[str, Any]) -> dict[str, bytes]:
    """Return by address the entry of each that would be updated or replaced, as JSON."""
    return {str(entry["address"]): exact_dumps(entry) for entry in _entries(shown)}


def _entries(shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in shown.get("resource_changes") or ():
        actions = tuple(entry["change"]["actions"])
        if entry.get("provider_name") != _PROVIDER or entry.get("deposed"):
            continue
        if actions == _UPDATES or set(actions) == {"create", "delete"}:
            yield entry
