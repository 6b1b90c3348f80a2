"""A database of the version before agents, brought up to date with what is in it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from reconciler.domain.agents import Agent, AgentSection, AgentState
from reconciler.domain.host_baselines import AcceptedPlace, HostBaseline
from reconciler.storage.sqlite import open_store
from tests.unit.storage.old_databases import filling

AT = datetime(2026, 11, 1, tzinfo=UTC)


async def test_agents_join_a_database_that_holds_something(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0013") as raw:
        raw.execute(
            "INSERT INTO tokens (token_id, name, role, secret_sha256, created_at)"
            " VALUES ('t', 'ana', 'admin', 'x', '2026-11-01 10:00:00.000000')"
        )
    agent = Agent("a", "web-1", AgentState.ACTIVE, "i" * 32, AT, 300, root="r")
    section = AgentSection("a", "files", "ok", "d", 1, b'[["/x",1]]')
    store = await open_store(path)
    try:
        await store.transact(lambda tx: tx.agents.put_many([agent]))
        await store.transact(lambda tx: tx.agents.put_sections([section]))
        assert await store.read(lambda view: view.agents.get("a")) == agent
        assert await store.read(lambda view: view.agents.sections(["a"])) == (section,)
        assert [one.name for one in await store.read(lambda view: view.tokens.all())] == ["ana"]
        assert await store.transact(lambda tx: tx.agents.remove("a"))
        assert await store.read(lambda view: view.agents.sections(["a"])) == ()
    finally:
        await store.close()


async def test_an_agent_of_before_keeps_its_key_and_what_it_was_compared_with(
    tmp_path: Path,
) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0018") as raw:
        raw.execute(
            "INSERT INTO agents (agent_id, host, state, incarnation, enrolled_at, every_s,"
            " key_serial, seq, message_sha256, root, epoch, clock_offset_s, gaps, version, system)"
            " VALUES ('a', 'web-1', 'active', 'i', '2026-11-01 10:00:00.000000', 300, 1, 7, 'm',"
            " 'r', 'e', 0, 0, '', '')"
        )
        raw.execute(
            "INSERT INTO agent_sections (agent_id, name, status, digest, leaves, body)"
            " VALUES ('a', 'files', 'ok', 'd', 1, X'5B5B222F78222C315D5D')"
        )
        raw.execute(
            "INSERT INTO host_baselines (resource_id, host, stack, type, claims, declared)"
            " VALUES ('web/a.b', 'web-1', 'web', 'terraform_data', '[\"files\"]', '{}')"
        )
    store = await open_store(path)
    try:
        agent = await store.read(lambda view: view.agents.get("a"))
        sections = await store.read(lambda view: view.agents.sections(["a"]))
        baselines = await store.read(lambda view: view.agents.baselines_of_host("web-1"))
    finally:
        await store.close()
    assert agent is not None
    assert sections == (AgentSection("a", "files", "ok", "d", 1, b'[["/x",1]]'),)
    assert baselines == (HostBaseline("web/a.b", "web-1", "terraform_data", ("files",), {}),)
    assert (agent.seq, agent.scope, agent.key_since, agent.rotating) == (7, "e", None, False)


async def test_what_was_accepted_in_the_form_of_before_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    place = AcceptedPlace("of-now", "ana", datetime(2026, 11, 1, 10, tzinfo=UTC))
    baseline = HostBaseline(
        "web/a.b", "web-1", "terraform_data", ("files",), {}, accepted={"files": place}
    )
    untouched = replace(baseline, resource_id="web/a.c", accepted={})
    store = await open_store(path)
    try:
        await store.transact(lambda tx: tx.agents.put_baselines([baseline, untouched]))
        assert await store.read(lambda view: view.agents.accepted_baselines()) == (baseline,)
    finally:
        await store.close()
    with sqlite3.connect(path) as raw:
        raw.execute("""UPDATE host_baselines SET accepted = '{"files": "of-before"}'""")
    store = await open_store(path)
    try:
        kept = await store.read(lambda view: view.agents.accepted_baselines())
    finally:
        await store.close()
    assert {one.resource_id: one.accepted for one in kept} == {
        name: {"files": AcceptedPlace("of-before")} for name in ("web/a.b", "web/a.c")
    }
