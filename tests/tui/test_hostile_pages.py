"""Hostile text in every field of every page: it is shown, and does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.client import Client, Daemon
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.wire.agents import Agent
from reconciler.wire.audit import AuditEntry
from reconciler.wire.findings import DriftDecision
from reconciler.wire.holds import Hold
from reconciler.wire.policies import policy_of
from reconciler.wire.runs import Log, LogLine, Run
from reconciler.wire.stacks import OpenFindings, ProviderDoubt, Stack
from tests.tui.hostile import STRINGS
from tests.tui.test_hostile import _NOW, finding, harmless, remediation
from tui.app import TrueupApp
from tui.paged import VIEWS
from tui.screens.agents import AgentsPage
from tui.screens.audit import AuditPage
from tui.screens.ignores import IgnoresPage
from tui.screens.policies import PoliciesPage
from tui.session import Options, Session
from tui.store.link import Link
from tui.store.rows import row_of

# What is drawn of a text is capped; five million characters in each field only take their time.
_TEXTS = [text[:100_000] for text in STRINGS]


def _stack(text: str) -> Stack:
    return Stack(
        name=text, tool=text, directory=text, interval_s=60.0, adaptive=False, source="api",
        definition={text: text}, health="error", counts=None, findings=OpenFindings(critical=1),
        suppressed=1, obtained_by=text, revision=text, verified_at=None, last_scan_at=_NOW,
        last_scan_ms=1.0, error=text or "x", error_since=_NOW, next_due_at=_NOW,
        provider_doubts=[ProviderDoubt(provider=text, reason=text)],
    )  # fmt: skip


def _run(text: str) -> Run:
    return Run(
        id=text, remediation_id=text, stack=text, state="started", plan_digest=text,
        started_at=_NOW, ended_at=None, exit_code=1, summary=text, progress={text: text},
    )  # fmt: skip


def _entry(place: int, text: str) -> AuditEntry:
    return AuditEntry(
        seq=place, at=_NOW, actor=text, actor_kind="user", action=text, subject=text,
        details={"stack": text, text: [text, {text: text}]},
    )  # fmt: skip


def _agent(text: str) -> Agent:
    return Agent(
        agent_id=text, host=text, state="active", every_s=60, enrolled_at=_NOW, last_seen_at=_NOW,
        captured_at=_NOW, seq=1, root=text, epoch=text, gaps=1, clock_offset_s=1, version=text,
        system=text,
    )  # fmt: skip


def _fetched(make: Callable[[int, str], Any]) -> Callable[[Any], Any]:
    async def fetch(_page: Any) -> dict[str, Any]:
        return {str(place): make(place, text) for place, text in enumerate(_TEXTS)}

    return fetch


@asynccontextmanager
async def _seat(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Any, TrueupApp, list[str]]]:
    """Open the terminal UI over a fleet that holds a hostile text wherever it has one."""
    session = Session(Daemon("http://127.0.0.1:9", "tu_none.none"), Options())
    acted: list[str] = []

    class Watched(TrueupApp):
        async def action_quit(self) -> None:
            acted.append("quit")

    async def still() -> None:
        return

    async def log(_run_id: str, *, offset: int) -> Log:
        lines = [LogLine(text=text, address=text, step="failed") for text in _TEXTS]
        return Log(items=[] if offset else lines, next_offset=1, ended=False)

    async def read(name: str) -> Any:
        return finding(name)

    session.client = cast("Client", SimpleNamespace(
        runs=SimpleNamespace(log=log), findings=SimpleNamespace(get=read),
    ))  # fmt: skip
    session.pump.run = still  # type: ignore[method-assign]
    session.pump.link, session.pump.loaded = Link("live"), True
    session.name, session.role = _TEXTS[1], _TEXTS[2]
    store = session.store
    store.hold = Hold(by=_TEXTS[0], reason=_TEXTS[10], since=_NOW, until=None)
    for place, text in enumerate(_TEXTS):
        key = str(place)
        store.stacks[key] = _stack(text)
        store.runs[key] = replace(_run(text), remediation_id=key)
        store.remediations[key] = replace(remediation(text), id=key, run_id=key)
        store.rows[key] = replace(row_of(finding(text)), id=key, remediation_id=key)
    policy = policy_of(Policy(PolicyId("x"), "x", ActionType.MANUAL_REVIEW))
    decision = DriftDecision(
        remediation_id=_TEXTS[3], state="ignored", by="x", reason="x", until=None
    )
    for page, make in (
        (AuditPage, _entry),
        (PoliciesPage, lambda _at, text: replace(policy, name=text, owner=text, reason=text)),
        (AgentsPage, lambda _at, text: _agent(text)),
        (IgnoresPage, lambda _at, text: replace(
            finding(text), decision=replace(decision, by=text, reason=text))),
    ):  # fmt: skip
        monkeypatch.setattr(page, "fetch", _fetched(make))
    app = Watched(session)
    async with app.run_test(size=(160, 36)) as pilot:
        store.changes.everything = True
        app._changed(store.taken())
        yield pilot, app, acted


def _check(app: TrueupApp) -> None:
    for strip in app.screen._compositor.render_strips():
        assert harmless(strip.text)
        metas = [segment.style.meta for segment in strip if segment.style is not None]
        assert all("@click" not in meta for meta in metas)


@pytest.mark.parametrize("view", VIEWS)
async def test_every_page_its_rows_and_what_is_copied_of_them_are_harmless(
    view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _seat(monkeypatch) as (pilot, app, acted):
        app.action_view(view)
        await pilot.pause()
        for key in ("G", "g", "slash", "e", "escape"):
            await pilot.press(key)
            await pilot.pause()
            _check(app)
        for _ in range(2):
            for key in ("y", "escape", "enter"):
                await pilot.press(key)
                await pilot.pause()
                _check(app)
            await pilot.press("escape")
            await pilot.press("j", "j", "j")
        await pilot.click(offset=(20, 5))
        assert acted == []
        assert app.is_running


async def test_a_run_and_what_it_wrote_are_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _seat(monkeypatch) as (pilot, app, acted):
        for place in range(0, len(_TEXTS), 7):
            app.follow(str(place))
            await pilot.pause()
            for _ in range(3):
                _check(app)
                await pilot.press("tab")
                await pilot.pause()
            await pilot.press("l")
            await pilot.pause(0.1)
            _check(app)
            await pilot.press("escape")
        assert acted == []


async def test_a_decision_about_them_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _seat(monkeypatch) as (pilot, app, acted):
        await pilot.press("2")
        await pilot.pause()
        for _ in range(2):
            for key in ("A", "G", "escape", "H", "escape", "X", "escape"):
                await pilot.press(key)
                await pilot.pause()
                _check(app)
            await pilot.press("j", "j", "j")
        assert acted == []
