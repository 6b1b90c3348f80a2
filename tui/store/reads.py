"""What is asked of the daemon to fill the store: the lists, and one thing of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from reconciler.client import Client
from reconciler.client.errors import NotFoundError
from reconciler.client.proposals import Proposals
from tui.store.changes import Changes
from tui.store.rows import Row, row_of
from tui.store.store import Store

if TYPE_CHECKING:
    from reconciler.wire.findings import Finding
    from reconciler.wire.templates import Template

T = TypeVar("T")
_KEPT_RUNS: Final = 500
_LISTED: Final = ("state:open", "state:quarantined")


class Reads:
    """Puts what the daemon answers into the store; `learn` is awaited before the lists are read.

    `progress` counts the findings that were listed so far.

    Raises:
        ReconcilerError: the daemon refused, or nobody answered; what had come by then is there.
    """

    def __init__(
        self, client: Client, store: Store, *, learn: Callable[[], Awaitable[None]]
    ) -> None:
        self._client = client
        self._store = store
        self._learn = learn
        self.progress = 0

    async def whose(self) -> None:
        """Ask whose token it is."""
        await self._learn()

    async def lists(self) -> None:
        """Read every list anew."""
        store, client = self._store, self._client
        began = store.sent.moment
        await self._learn()
        await self.hold()
        await self._policies()
        await self.quarantines()
        before = set(store.stacks)
        found = Changes()
        self.progress = 0
        with store.lists_read(found):
            put_stack = partial(store.put_stack, began=began)
            stacks = {stack.name async for stack in self._kept(client.stacks.each(), put_stack)}
            for listed in _LISTED:
                async for finding in client.findings.each(filter=listed):
                    store.put_row(self._row(finding), began=began)
                    found.findings.add(finding.id)
                    self.progress = len(found.findings)
            async for remediation in client.remediations.each():
                store.put_remediation(remediation, began=began)
                found.remediations.add(remediation.id)
            page = await client.runs.page(limit=_KEPT_RUNS)
            for run in page.items:
                store.put_run(run)
                found.runs.add(run.id)
            if len(page.items) == _KEPT_RUNS:
                oldest = min(run.started_at for run in page.items)
                found.runs |= {run.id for run in store.runs.values() if run.started_at <= oldest}
        for name in before - stacks:
            store.stacks.pop(name, None)
        store.changes.everything = True

    async def _kept(self, items: AsyncIterator[T], put: Callable[[T], None]) -> AsyncIterator[T]:
        async for item in items:
            put(item)
            yield item

    async def hold(self) -> None:
        """Read whether corrections are held."""
        self._store.hold = await self._client.hold.get()
        self._store.changes.others.add("hold")

    async def quarantines(self) -> None:
        """Read what in quarantine is not isolated; an older daemon knows of no quarantines."""
        try:
            found = [each async for each in self._client.quarantines.each(state="open")]
        except NotFoundError:
            found = []
        self._store.put_quarantines(found)

    async def _policies(self) -> None:
        """Read the policies, and the uploaded templates that they name."""
        policies = [policy async for policy in self._client.policies.each()]
        named = sorted({policy.template_id for policy in policies if policy.template_id})
        templates = [found for name in named if (found := await self._template(name))]
        self._store.policies = {policy.policy_id: policy.name for policy in policies}
        self._store.proposals = Proposals(policies, templates)

    async def _template(self, name: str) -> Template | None:
        try:
            return await self._client.templates.get(name)
        except NotFoundError:
            return None

    def _row(self, finding: Finding) -> Row:
        return row_of(finding, self._store.proposals.of(finding, now=datetime.now(UTC)))

    async def remediation(self, name: str) -> None:
        """Read one remediation, or forget one that is gone."""
        began = self._store.sent.moment
        try:
            self._store.put_remediation(await self._client.remediations.get(name), began=began)
        except NotFoundError:
            self._store.drop_remediation(name)

    async def run(self, name: str) -> None:
        """Read one run, or forget one that is gone."""
        try:
            self._store.put_run(await self._client.runs.get(name))
        except NotFoundError:
            self._store.drop_run(name)

    async def stack(self, name: str) -> None:
        """Read one stack, or forget one that is gone."""
        began = self._store.sent.moment
        try:
            self._store.put_stack(await self._client.stacks.get(name), began=began)
        except NotFoundError:
            self._store.stacks.pop(name, None)
            self._store.changes.stacks.add(name)

    async def finding(self, name: str) -> None:
        """Read one finding, or take one that is gone off the list."""
        began = self._store.sent.moment
        try:
            self._store.put_row(self._row(await self._client.findings.get(name)), began=began)
        except NotFoundError:
            self._store.drop_row(name)
