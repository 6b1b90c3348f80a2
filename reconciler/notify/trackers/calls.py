"""JSON calls to a tracker's API."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from reconciler.notify.http import Poster, json_headers

LABEL: Final = "trueup"
"""What tells tickets of ours from others, where a tracker has labels."""


class Calls:
    """Calls below one path, with the same headers each time."""

    def __init__(self, poster: Poster, path: str, headers: Mapping[str, str]) -> None:
        self._poster = poster
        self._path = path
        self._headers = json_headers(headers)

    @property
    def name(self) -> str:
        """The channel's name, for errors."""
        return self._poster.name

    async def __call__(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: object
    ) -> Any:
        """Return the answer's JSON; None for 404 and for an answer without a body.

        Raises:
            RetryableError: see `Poster.call`.
            PermanentError: see `Poster.call`.
        """
        asked = f"?{urlencode(query)}" if query else ""
        reply = await self._poster.call(
            method,
            f"{self._path}{path}{asked}",
            headers=self._headers,
            content=None if body is None else json.dumps(body).encode(),
            may_miss=True,
        )
        return None if reply.is_missing else reply.json(self.name)

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()


def bearer(token: str) -> dict[str, str]:
    """Return the header of a token."""
    return {"authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of a user and a password."""
    both = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {both}"}
