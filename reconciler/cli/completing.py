"""Names and ids for the shell to complete, as the daemon knows them; nothing when none answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.domain.values import Json

_PATIENCE_S: Final = 2.0
_MOST: Final = 200
_SHORTEST: Final = 8

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def completer(path: str, key: str, *about: str, **query: str) -> Completer:
    """Return what completes the `key` of the things at `path`; `about` says what each is."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del parameter
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell needs it

        try:
            items = _items(context, path, query)
        except Exception:  # noqa: BLE001  a shell that completes must never show an error
            return []
        return [
            CompletionItem(name, help=" ".join(str(item.get(word) or "") for word in about))
            for item in items
            if (name := _name(item, key, incomplete)).startswith(incomplete)
        ]

    return complete


def _name(item: Json, key: str, incomplete: str) -> str:
    whole = str(item[key])
    return whole if key == "name" else whole[: max(_SHORTEST, len(incomplete))]


def _items(context: click.Context, path: str, query: dict[str, str]) -> list[Any]:
    from reconciler.cli.client.api import Api  # noqa: PLC0415  only a shell that asks pays for it
    from reconciler.cli.client.endpoint import Wanted, find_daemon  # noqa: PLC0415

    said = context.find_root().params
    wanted = Wanted(said.get("server"), said.get("token_file"), said.get("config"))
    daemon = find_daemon(wanted, environment=os.environ, here=Path.cwd())
    with Api(daemon, patience_s=_PATIENCE_S) as api:
        items: list[Any] = api.listed(path, limit=_MOST, **query)["items"]
        return items


STACKS: Final = completer("stacks", "name", "health", "directory")
FINDINGS: Final = completer("findings", "id", "severity", "stack", "address")
SUPPRESSED: Final = completer(
    "findings", "id", "severity", "stack", "address", filter="state:ignored"
)
REMEDIATIONS: Final = completer("remediations", "id", "state", "stack", state="open")
RUNS: Final = completer("runs", "id", "state", "stack", "started_at")
POLICIES: Final = completer("policies", "name", "action_type")
TEMPLATES: Final = completer("templates", "template_id", "resource_type", "resource_id")
TOKENS: Final = completer("tokens", "name", "role")
