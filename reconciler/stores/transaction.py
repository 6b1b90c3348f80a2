"""One transaction over all collections, and the store that runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from reconciler.domain.wakeups import WakeUp
from reconciler.stores.alerts import Alerts
from reconciler.stores.corrections import Holds, PastRuns, Quarantines, Remediations, Runs
from reconciler.stores.drift import Findings, KeptBaselines, Reports
from reconciler.stores.history import History
from reconciler.stores.hosts import Agents
from reconciler.stores.journal import Audit, Events, Replays, Retention, Tokens
from reconciler.stores.watched import Policies, Rules, Stacks, Templates

T = TypeVar("T")


class Transaction(Protocol):
    """All collections, as of one moment."""

    @property
    def stacks(self) -> Stacks: ...
    @property
    def templates(self) -> Templates: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def findings(self) -> Findings: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def remediations(self) -> Remediations: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def events(self) -> Events: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def replays(self) -> Replays: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def past_runs(self) -> PastRuns: ...
    @property
    def quarantines(self) -> Quarantines: ...
    @property
    def agents(self) -> Agents: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def history(self) -> History: ...
    @property
    def baselines(self) -> KeptBaselines: ...
    @property
    def retention(self) -> Retention: ...
    def wake(self, wakeup: WakeUp) -> None:
        """Tell whoever listens to wake-ups, once this transaction is on the disk."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one durable writing transaction, in a thread that is not the loop's.

        When this returns, the disk has it.

        Raises:
            StorageError: the database cannot be written (disk full, read-only); nothing
                of `work` is left, and the daemon should stop taking work.
            Exception: whatever `work` raised; nothing of it is left.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view; writing in it is an error."""
        ...

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(newest seq)` on the loop after each commit that appended events.

        Returns what ends the subscription.
        """
        ...

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        """Call `listener` on the loop after each commit that said what to look at again.

        Returns what ends the subscription.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun; closing twice is closing once."""
        ...
