"""The stacks: how they are, when they were seen last, and what keeps one from being seen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from shlex import quote
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from reconciler.wire import routes
from reconciler.wire.stacks import OpenFindings, Stack
from tui.ages import age, ahead, clock, length
from tui.ink import Line, Span, line
from tui.lines.first_minute import empty_fleet_lines, remedy_lines
from tui.lines.next_steps import next_command, steps_of, steps_of_fleet
from tui.lines.words import health_span, severity_span, state_span
from tui.screens.lists import ListPage
from tui.store.changes import Changes
from tui.store.languages import STACKS
from tui.store.rows import SEVERITIES
from tui.widgets.columns import Column

_COUNT_AFTER_S: Final = 1.0
_WORST_FIRST: Final = ("error", "incomplete", "drifted", "never_run", "in_sync")


def _drift(stack: Stack) -> Span:
    found = stack.findings
    return Span(f"{found.critical + found.high + found.medium + found.low or '':>5}", "medium")


def _critical(stack: Stack) -> Span:
    return Span(f"{stack.findings.critical or '':>4}", "critical")


def _resources(stack: Stack) -> Span:
    return Span(f"{stack.counts.resources if stack.counts else '':>6}", "dim")


class StacksPage(ListPage):
    """Every stack, the worst first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "scan", "Scan now", id="stacks.scan"),
        Binding("n", "next_step", "Next step...", id="stacks.next_step"),
    ]
    language = STACKS
    columns: ClassVar[Sequence[Column[Stack]]] = (
        Column("name", "STACK", 15, lambda row: Span(row.name, "strong"), grow=2, rank=9),
        Column("health", "HEALTH", 19, lambda row: state_span(row.health), rank=8),
        Column("tool", "TOOL", 9, lambda row: Span(row.tool, "dim"), rank=3),
        Column("drift", "DRIFT", 5, _drift, rank=7),
        Column("critical", "CRIT", 4, _critical, rank=6),
        Column("resources", "   RES", 6, _resources, rank=4),
        Column("scan", "SCANNED", 7, lambda row: Span(f"{age(row.last_scan_at):>7}"), rank=5),
        Column("next", " NEXT", 5, lambda row: Span(f"{ahead(row.next_due_at):>5}", "dim"), rank=2),
        Column(
            "error",
            "ERROR",
            10,
            lambda row: Span(row.error or "", "high"),
            grow=3,
            rank=1,
            fits=True,
        ),
    )
    hints: ClassVar[tuple[str, ...]] = ("help", "open", "scan", "next_step", "hold", "filter")
    permissions: ClassVar[dict[str, str]] = {"scan": "stacks:scan"}

    def __init__(self) -> None:
        super().__init__()
        self.title = "Stacks"
        self._counts_again = False

    def shown_columns(self) -> Sequence[Column[Stack]]:
        """Return the columns; the health of a stack says whether it is being scanned."""
        return [
            replace(column, cell=self._health) if column.name == "health" else column
            for column in self.columns
        ]

    def _health(self, stack: Stack) -> Span:
        sent = self.session.store.sent.of(stack.name)
        return health_span(stack, sent, now=datetime.now(UTC))

    def show_frame(self) -> None:
        """Show the clocks, those of the rows too: a scan falls due by itself."""
        super().show_frame()
        if self.ready:
            self.table.redraw()

    def rows(self) -> Mapping[str, Stack]:
        """Return the stacks, the worst first, each with the drift that the list of drift has.

        Until that list was read, with what the daemon counted.
        """
        store = self.session.store
        found = sorted(store.stacks.values(), key=_badness)
        if not self.session.pump.loaded:
            return {stack.name: stack for stack in found}
        listed = store.counts.by_stack(store.rows, now=time.monotonic())
        return {
            stack.name: replace(stack, findings=_counted(listed.get(stack.name, {})))
            for stack in found
        }

    def store_changed(self, changes: Changes) -> None:
        """Show how they are now; what only counts, a moment later and once for many."""
        if changes.stacks or changes.others or changes.everything:
            self.show()
        if changes.findings and not self._counts_again:
            self._counts_again = True
            self.set_timer(_COUNT_AFTER_S, self._count_again)

    def _count_again(self) -> None:
        self._counts_again = False
        # What was counted within this second may be older than the change, and no other comes.
        store = self.session.store
        store.counts.by_stack(store.rows, now=time.monotonic(), anew=True)
        self.show()

    def detail(self, key: str) -> Iterable[Line]:
        """Return all that is known of a stack."""
        stack = self.rows().get(key)
        return stack_lines(stack, self._health(stack)) if stack else ()

    def empty(self) -> Sequence[Line]:
        """Say how a stack is added."""
        return list(empty_fleet_lines(self.session))

    def open_row(self, key: str) -> None:
        """Show the drift of a stack; of one that could not be scanned, why and what to do."""
        stack = self.session.store.stacks.get(key)
        if stack is not None and stack.error:
            self.ours.show_text(stack.name, list(stack_lines(stack, self._health(stack))))
            return
        self.ours.show_drift(f"stack:{key}")

    def action_scan(self) -> None:
        """Have the stack under the cursor scanned now."""
        if self.may("scan") and self.table.cursor_key:
            self.ours.scan([self.table.cursor_key])

    def action_next_step(self) -> None:
        """Choose what to do next about the stack under the cursor; without one, about the fleet."""
        stack = self.session.store.stacks.get(self.table.cursor_key)
        self.ours.choose_step(list(steps_of(stack) if stack else steps_of_fleet(self.session)))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the stack under the cursor."""
        key = self.table.cursor_key
        stack = self.session.store.stacks.get(key)
        if stack is not None:
            if stack.error:
                yield "next command", next_command(stack)
            yield "name", key
            yield "directory", stack.directory
            yield "trueup command", f"trueup status {quote(key)}"
            yield "curl", self.session.curl(routes.READ_STACK, key)


def stack_lines(stack: Stack, health: Span) -> Iterator[Line]:
    """Yield all that is known of a stack."""
    yield line((stack.name, "strong"), "  ", health)
    yield line((stack.directory, "dim"))
    if stack.error:
        yield line((stack.error, "high"))
        yield from remedy_lines(stack)
    yield line(("every          ", "dim"), length(round(stack.interval_s)))
    yield line(("scanned        ", "dim"), clock(stack.last_scan_at) or "never")
    yield line(("complete       ", "dim"), clock(stack.verified_at) or "never")
    yield line(("obtained by    ", "dim"), stack.obtained_by or "")
    yield line(("ignored        ", "dim"), str(stack.suppressed))
    if stack.counts is not None:
        for name, count in stack.counts.as_json().items():
            if count:
                yield line((f"{name.replace('_', ' '):<15}", "dim"), f"{count:,}")
    for word in ("critical", "high", "medium", "low"):
        count = getattr(stack.findings, word)
        if count:
            yield line(
                severity_span(word), " " * (15 - len(severity_span(word).text)), f"{count:,}"
            )
    for doubt in stack.provider_doubts:
        # One about the whole stack names none.
        named = f"{doubt.provider}: " if doubt.provider else ""
        yield line(("? ", "medium"), f"{named}{doubt.reason}")


def _counted(severities: Mapping[str, int]) -> OpenFindings:
    return OpenFindings(**{word: severities.get(word, 0) for word in SEVERITIES})


def _badness(stack: Stack) -> tuple[int, str]:
    place = _WORST_FIRST.index(stack.health) if stack.health in _WORST_FIRST else -1
    return place, stack.name
