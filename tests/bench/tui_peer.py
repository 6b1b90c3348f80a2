"""What the terminal benchmark holds ours against: textual's own table, with the same rows."""

from __future__ import annotations

import asyncio
import time

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tests.bench.tui_child import STEP_S, row, storm_rate, tell
from tui.store.rows import SEVERITIES


class Peer(App[None]):
    """Textual's own table with the same rows, every update applied."""

    def __init__(self, count: int) -> None:
        super().__init__(ansi_color=True)
        self._count = count

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        self.animation_level = "none"
        self._table = self.query_one(DataTable)
        for name in ("sev", "kind", "stack", "type", "address", "n", "age", "owner", "state"):
            self._table.add_column(name, key=name)
        self.set_timer(0.3, self._fill)

    def _fill(self) -> None:
        rows = [row(place) for place in range(self._count)]
        self._ids = [each.id for each in rows]
        tell(data_at=time.monotonic())
        for each in rows:
            self._table.add_row(
                each.severity, each.kind, each.stack, each.type, each.address,
                str(len(each.paths)), "1d", "", "", key=each.id,
            )  # fmt: skip
        self.run_worker(self._storm())

    async def _storm(self) -> None:
        seq = 0
        while True:
            await asyncio.sleep(STEP_S)
            for _ in range(int(storm_rate() * STEP_S)):
                seq += 1
                key = self._ids[seq * 7919 % len(self._ids)]
                self._table.update_cell(key, "sev", SEVERITIES[seq % 4])


def main(count: int) -> None:
    """Run it."""
    Peer(count).run()
