"""How often a process has died lately, and how long to wait before it is started again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from iac_adapters.plugin_host.errors import PluginCrashed

_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 10.0
_DEATHS: Final = 10
_MEMORY_S: Final = 60.0


@dataclass(slots=True)
class Deaths:
    """The deaths of one key's processes; `failure` is what the last start failed with."""

    failure: Exception | None = None
    _at_s: list[float] = field(default_factory=list)
    _retry_at_s: float = 0.0

    def note(self, now_s: float) -> None:
        """Count one more; the next start waits a little longer."""
        self._at_s.append(now_s)
        # The first death is forgiven: most are single.
        count = len(self._at_s) - 1
        delay_s = 0.0 if count == 0 else min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** (count - 1))
        self._retry_at_s = now_s + delay_s

    def waiting_s(self, now_s: float, *, label: str) -> float:
        """Return for how many seconds a start has to wait; `label` names the key in errors.

        Raises:
            PluginCrashed: it died 10 times within a minute.
            Exception: what the last start failed with, for as long as that stands.
        """
        self._forget(now_s)
        waiting_s = self._retry_at_s - now_s if self._at_s else 0.0
        if self.failure is not None and waiting_s > 0:
            raise self.failure
        if len(self._at_s) >= _DEATHS:
            raise self.failure or PluginCrashed(
                f"a plugin crashed {_DEATHS} times within {_MEMORY_S:g} s and is left alone for now"
                f" ({label})"
            )
        return max(0.0, waiting_s)

    def forgotten(self, now_s: float) -> bool:
        """Whether none counts any more."""
        self._forget(now_s)
        return not self._at_s

    def _forget(self, now_s: float) -> None:
        self._at_s = [at for at in self._at_s if now_s - at < _MEMORY_S]
