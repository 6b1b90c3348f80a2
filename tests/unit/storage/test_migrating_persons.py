"""A database of the version before persons and isolating scripts, with what is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.domain.policy import Driver
from reconciler.domain.records import RemediationId
from reconciler.domain.scripts import ScriptIsolation
from reconciler.storage.sqlite import open_store
from tests.contract.store.records import a_token
from tests.unit.storage.old_databases import filling
from tests.unit.storage.test_migrating_quarantines import KEPT

SCRIPT = ScriptIsolation(
    "cut-off",
    "0" * 64,
    {"action": "release", "findings": []},
    before={"vm": {"planned": []}},
    left={"vm": {"missing": True}},
)


async def test_a_token_is_that_of_the_person_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0023") as raw:
        raw.execute(
            "INSERT INTO tokens (token_id, name, role, secret_sha256, created_at)"
            " VALUES ('k1', 'ada', 'approver', '00', '2026-11-01 00:00:00.000000')"
        )
    store = await open_store(path)
    try:
        (token,) = await store.read(lambda view: view.tokens.all())
        assert (token.person, token.whose) == (None, "ada")
        await store.transact(lambda tx: tx.tokens.put(a_token("k2", person="ada")))
        found = await store.read(lambda view: view.tokens.get("k2"))
        assert found is not None
        assert (found.name, found.whose) == ("ci", "ada")
    finally:
        await store.close()


async def test_the_tokens_that_a_daemon_made_are_those_of_one_admin(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0024") as raw:
        raw.executemany(
            "INSERT INTO tokens (token_id, name, role, secret_sha256, created_at)"
            " VALUES (?, ?, 'admin', '00', '2026-11-01 00:00:00.000000')",
            [
                ("admin", "admin"),
                ("admin-1a2b3c4d", "admin-1a2b3c4d"),
                ("0123456789", "admin-5e6f7a8b"),  # made by somebody, under that name
                ("admin-desk", "admin-desk"),
            ],
        )
    store = await open_store(path)
    try:
        tokens = await store.read(lambda view: view.tokens.all())
        assert {token.name: token.whose for token in tokens} == {
            "admin": "admin",
            "admin-1a2b3c4d": "admin",
            "admin-5e6f7a8b": "admin-5e6f7a8b",
            "admin-desk": "admin-desk",
        }
    finally:
        await store.close()


async def test_a_quarantine_keeps_by_which_script_it_isolates(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0023") as raw:
        raw.execute(
            "INSERT INTO quarantines (id, stack, finding_ids, edges, undo, state, since,"
            " expires_at, \"group\") VALUES ('r', 'shop', '[\"f\"]', '[]', '{}', 'active',"
            " '2026-11-01 00:00:00.000000', '2026-11-01 04:00:00.000000', '')"
        )
    store = await open_store(path)
    try:
        (known,) = await store.read(lambda view: view.quarantines.unreleased())
        assert (known.script, known.driver) == (None, Driver.DETACH)
        made = replace(KEPT, id=RemediationId("q"), script=SCRIPT)
        await store.transact(lambda tx: tx.quarantines.put(made))
        found = await store.read(lambda view: view.quarantines.get(RemediationId("q")))
        assert found == made
        assert made.driver is Driver.SCRIPT
    finally:
        await store.close()
