"""Adapters by name, as installed distributions register them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from reconciler.domain.errors import PermanentError

if TYPE_CHECKING:
    from reconciler.ports import IacAdapter

GROUP: Final = "trueup.adapters"


def adapter_names() -> tuple[str, ...]:
    """Return every registered name, sorted, without importing any."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_adapter(name: str) -> Callable[..., IacAdapter]:
    """Import exactly the adapter called `name`.

    It is called with `data_dir`, `cache_dir`, `key`, `progress` and `plugin_memory_bytes`,
    all by keyword.

    Raises:
        PermanentError: no installed distribution provides it, or two do.
    """
    # One distribution seen through two entries of sys.path is still one adapter.
    values = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if len(values) != 1:
        installed = ", ".join(adapter_names()) or "none"
        raise PermanentError(
            f"{len(values)} adapters are named {name!r}; installed: {installed}",
            remedy="install trueup again, or remove the second adapter",
        )
    adapter: Callable[..., IacAdapter] = next(iter(values.values())).load()
    return adapter
