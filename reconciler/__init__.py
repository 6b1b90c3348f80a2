"""trueup's server side; `Reconciler` embeds its engine in another program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.bootstrap.embedding import Reconciler

__all__ = ["Reconciler"]


def __getattr__(name: str) -> Any:
    # Late: the wire and the domain are imported by programs that must stay light.
    if name == "Reconciler":
        from reconciler.bootstrap.embedding import Reconciler  # noqa: PLC0415

        return Reconciler
    raise AttributeError(name)
