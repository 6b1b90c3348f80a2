"""Names and ids for the shell to complete, as the daemon knows them; nothing when none answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from reconciler.wire import routes
from reconciler.wire.route import Route
from reconciler.wire.times import timestamp

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

T = TypeVar("T")
_PATIENCE_S: Final = 2.0
_MOST: Final = 200
_SHORTEST: Final = 8

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def completer(
    route: Route[T],
    name_of: Callable[[T, str], str],
    about: Callable[[T], tuple[object, ...]],
    **query: str,
) -> Completer:
    """Return what completes what `route` lists; `about` describes each."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del parameter
        from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell needs it

        try:
            items = _items(context, route, query)
        except Exception:  # noqa: BLE001  a shell that completes must never show an error
            return []
        return [
            CompletionItem(name, help=" ".join(str(part or "") for part in about(item)))
            for item in items
            if (name := name_of(item, incomplete)).startswith(incomplete)
        ]

    return complete


def _short(whole: str, incomplete: str) -> str:
    return whole[: max(_SHORTEST, len(incomplete))]


def _items(context: click.Context, route: Route[T], query: dict[str, str]) -> list[T]:
    from reconciler.cli.client.api import Api  # noqa: PLC0415  only a shell that asks pays for it
    from reconciler.cli.client.endpoint import Wanted, find_daemon  # noqa: PLC0415

    said = context.find_root().params
    wanted = Wanted(said.get("server"), said.get("token_file"), said.get("config"))
    daemon = find_daemon(wanted, environment=os.environ, here=Path.cwd())
    with Api(daemon, patience_s=_PATIENCE_S) as api:
        return api.listed(route, limit=_MOST, **query).items


STACKS: Final = completer(
    routes.LIST_STACKS,
    lambda item, _: item.name,
    lambda item: (item.health, item.directory),
)
FINDINGS: Final = completer(
    routes.LIST_FINDINGS,
    lambda item, begun: _short(item.id, begun),
    lambda item: (item.severity, item.stack, item.address),
)
SUPPRESSED: Final = completer(
    routes.LIST_FINDINGS,
    lambda item, begun: _short(item.id, begun),
    lambda item: (item.severity, item.stack, item.address),
    filter="state:ignored",
)
REMEDIATIONS: Final = completer(
    routes.LIST_REMEDIATIONS,
    lambda item, begun: _short(item.id, begun),
    lambda item: (item.state, item.stack),
    state="open",
)
RUNS: Final = completer(
    routes.LIST_RUNS,
    lambda item, begun: _short(item.id, begun),
    lambda item: (item.state, item.stack, timestamp(item.started_at)),
)
POLICIES: Final = completer(
    routes.LIST_POLICIES, lambda item, _: item.name, lambda item: (item.action_type,)
)
TEMPLATES: Final = completer(
    routes.LIST_TEMPLATES,
    lambda item, begun: _short(item.template_id, begun),
    lambda item: (item.resource_type, item.resource_id),
)
TOKENS: Final = completer(routes.LIST_TOKENS, lambda item, _: item.name, lambda item: (item.role,))
