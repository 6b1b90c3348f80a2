"""A list of one stack that is empty: either the stack has none, or there is no such stack."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeVar

from reconciler.cli.client.api import Api, Listed
from reconciler.cli.identities import nearest
from reconciler.cli.paint import safe
from reconciler.cli.related import STACK
from reconciler.domain.errors import NotFoundError
from reconciler.wire import routes

T = TypeVar("T")
_ONE_STACK: Final = re.compile(r'stack:"?([^"*?\[\],]+)"?')
"""A filter that names a stack whole."""


def check_stack(api: Api, name: str | None, listed: Listed[T]) -> None:
    """Return where `listed` holds something, or there is a stack `name`: `no runs` is true then.

    Asked only of an empty list, since what a stack left behind is listed when it is gone.

    Raises:
        NotFoundError: there is no such stack; the nearest is told.
    """
    if name is None or listed.bodies or api.find(routes.READ_STACK, name) is not None:
        return
    raise NotFoundError(
        f"there is no stack {safe(name)}", remedy=nearest(api.each(routes.LIST_STACKS), STACK, name)
    )


def stack_of(terms: Iterable[str]) -> str | None:
    """Return the stack that one of the filter `terms` names whole; None where none does."""
    found = (_ONE_STACK.fullmatch(term) for term in terms)
    return next((match[1] for match in found if match), None)
