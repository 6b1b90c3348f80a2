"""Why a difference is none that anybody has to act on."""

from __future__ import annotations

from typing import Final

NULL_OR_EMPTY: Final = "null and empty are the same to the provider"
COMPUTED: Final = "computed by the provider"
UNCHANGED: Final = "the provider would not change it"
STALE: Final = "the code already says so; the recorded state is stale"
INTERNAL: Final = "only what the tool keeps for itself differs, such as a provider's code"
GONE: Final = "to be deleted, and already gone"
