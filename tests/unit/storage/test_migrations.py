from __future__ import annotations

import json
import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from reconciler.domain.audit_chain import Link, Verified, verified
from reconciler.domain.errors import ConflictError, StorageError
from reconciler.domain.model import Severity, StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.domain.records import DriftDecision, FindingId, RemediationId
from reconciler.domain.remediation_states import RemediationState
from reconciler.storage.migrate import FOLDER, newest_schema
from reconciler.storage.remediation_rows import links, values
from reconciler.storage.rows import Values
from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.contract.store.records import a_finding, a_remediation, a_run, a_stack, an_audit_entry
from tests.unit.storage.database_contents import raw, schema_of
from tests.unit.storage.old_databases import migrate_to

_LATER = ("guard", "evaluations", "isolation_group", "change_digest", "voided")
"""The columns that joined remediations after the first versions."""


@pytest.fixture
async def new(tmp_path: Path) -> Path:
    """A database that was opened once and holds nothing."""
    path = tmp_path / "data" / "trueup.db"
    await (await open_store(path)).close()
    return path


def test_the_newest_schema_is_the_head_of_one_chain() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [newest_schema()]


async def test_runs_of_before_are_kept_when_a_column_of_theirs_goes(
    new: Path, tmp_path: Path
) -> None:
    store = await open_store(new)
    await store.transact(lambda t: t.runs.put(a_run(pid=7)))
    await store.close()
    old = tmp_path / "old.db"
    migrate_to(old, "0006")
    with raw(new) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
        columns.remove("unasked")
        names = ", ".join(columns)
        (run,) = connection.execute(f"SELECT {names} FROM runs").fetchall()  # noqa: S608
    with raw(old) as connection:
        names, marks = ", ".join([*columns, "state_serial"]), ", ".join("?" * (len(columns) + 1))
        connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", (*run, 5))  # noqa: S608
    store = await open_store(old)
    assert (await store.read(lambda t: t.runs.page())).items == (a_run(pid=7),)
    await store.close()
    with raw(old) as connection:
        left = {row[1] for row in connection.execute("PRAGMA table_info(runs)")}
        indexes = {row[1] for row in connection.execute("PRAGMA index_list(runs)")}
    assert "state_serial" not in left
    assert {"ix_runs_page", "ix_runs_stack", "ix_runs_state", "ix_runs_remediation"} <= indexes


async def test_a_hold_of_before_holds_everything_as_it_did(new: Path, tmp_path: Path) -> None:
    store = await open_store(new)
    await store.transact(lambda t: t.runs.put(a_run()))
    await store.close()
    old = tmp_path / "old.db"
    migrate_to(old, "0010")
    with raw(new) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")][:-1]
        names = ", ".join(columns)
        (run,) = connection.execute(f"SELECT {names} FROM runs").fetchall()  # noqa: S608
    with raw(old) as connection:
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", run)  # noqa: S608
        connection.execute("INSERT INTO holds VALUES (1, 'ada', 'fire', '2026-11-23 12:00', NULL)")
    store = await open_store(old)
    (hold,) = await store.read(lambda t: t.holds.all())
    assert (hold.by, hold.reason, hold.scope, hold.unasked) == ("ada", "fire", "", False)
    assert (await store.read(lambda t: t.runs.page())).items == (a_run(),)
    await store.close()


async def test_audit_rows_of_before_are_chained(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    migrate_to(old, "0012")
    with raw(old) as connection:
        for number in (1, 2):
            connection.execute(
                "INSERT INTO audit VALUES (?, '2026-11-23 12:00:00.123456', 'ada', 'user',"
                """ 'plan', 's', '{"a":1}')""",
                (number,),
            )
    store = await open_store(old)
    await store.transact(lambda t: t.audit.append(an_audit_entry()))
    entries = await store.read(lambda t: t.audit.after(0))
    await store.close()
    found, _ = verified(Verified(), Link(), entries)
    assert (found.entries, found.broken) == (3, None)


async def test_opening_again_changes_nothing(new: Path) -> None:
    store = await open_store(new)
    await store.transact(lambda t: t.stacks.put(a_stack()))
    await store.close()
    before = schema_of(new)
    store = await open_store(new)
    assert await store.read(lambda t: t.stacks.all()) == (a_stack(),)
    await store.close()
    assert schema_of(new) == before


async def test_a_database_of_a_newer_version_is_refused_by_name(new: Path) -> None:
    with raw(new) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    before = schema_of(new)
    with pytest.raises(StorageError, match="newer version of trueup") as refused:
        await open_store(new)
    assert str(new) in str(refused.value)
    assert "0999" in str(refused.value)
    assert refused.value.remedy
    assert schema_of(new) == before


async def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with raw(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StorageError, match="of another program"):
        await open_store(path)
    assert list(schema_of(path)) == ["songs"]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trueup.db"
    migrate_to(path, "0003")
    before = schema_of(path)

    def execute(_operations: object, statement: str) -> None:
        raise LookupError(statement)

    monkeypatch.setattr("alembic.operations.Operations.execute", execute)
    with pytest.raises(LookupError):
        await open_store(path)
    assert schema_of(path) == before
    monkeypatch.undo()
    await (await open_store(path)).close()
    assert "audit_is_kept" in schema_of(path)


async def test_a_database_from_before_admission_keeps_its_remediations_and_their_findings(
    tmp_path: Path,
) -> None:
    path = tmp_path / "trueup.db"
    migrate_to(path, "0003")
    remediation = a_remediation("m1", "f1", "f2", note="waits")
    with raw(path) as connection:
        _insert_before_admission(connection, "remediations", values(remediation))
        for link in links(remediation):
            _insert_before_admission(connection, "remediation_findings", link)
    store = await open_store(path)
    assert await store.read(lambda t: t.remediations.get(remediation.id)) == remediation
    assert await store.read(lambda t: t.remediations.open_with(FindingId("f2"))) == remediation
    assert await store.read(lambda t: t.rules.version()) == 0
    await store.transact(lambda t: t.findings.put_many([a_finding("f1")]))
    with pytest.raises(ConflictError) as taken:
        await store.transact(lambda t: t.remediations.add(a_remediation("m2", "f1")))
    assert taken.value.code == "finding-taken"
    await store.close()


def _insert_before_admission(connection: sqlite3.Connection, table: str, row: Values) -> None:
    known = [column for column in row if column not in _LATER]
    kept = [_as_kept(row[column]) for column in known]
    marks = ", ".join("?" * len(kept))
    names = ", ".join("phase" if column == "state" else column for column in known)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", kept)  # noqa: S608 - columns of ours


def _as_kept(value: object) -> object:
    match value:
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ")
        case tuple() | list():
            return json.dumps(value)
        case _:
            return value


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "trueup.db"
    store = await open_store(path)
    await store.transact(lambda t: t.stacks.put(a_stack()))
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {"trueup.db": 0o600, "trueup.db-wal": 0o600, "trueup.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.close()
    path.chmod(0o644)
    await (await open_store(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT seq, at, 'x', NULL, action, subject, details, '' FROM audit",
    ],
)
async def test_audit_rows_are_kept_as_they_are(new: Path, statement: str) -> None:
    store = await open_store(new)
    await store.transact(lambda t: t.audit.append(an_audit_entry()))
    await store.close()
    with (
        raw(new) as connection,
        pytest.raises(sqlite3.DatabaseError, match=r"audit rows are (kept|never)"),
    ):
        connection.execute(statement)
    store = await open_store(new)
    assert (await store.read(lambda t: t.audit.page())).items == (an_audit_entry(seq=1),)
    await store.close()


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("UPDATE remediations SET state = 'unknown'", "remediations.stack"),
        ("UPDATE remediation_findings SET finding_id = 'f1'", "remediation_findings.finding_id"),
        (
            "UPDATE findings SET address = 'one'",
            "findings.stack, findings.address, findings.kind, findings.seen_by",
        ),
    ],
)
async def test_the_database_itself_holds_what_may_be_once(
    new: Path, statement: str, columns: str
) -> None:
    def fill(transaction: Transaction) -> None:
        for identity, finding in (("m1", "f1"), ("m2", "f2")):
            transaction.findings.put_many([a_finding(finding)])
            transaction.remediations.add(a_remediation(identity, finding))

    store = await open_store(new)
    await store.transact(fill)
    await store.close()
    with raw(new) as connection, pytest.raises(sqlite3.IntegrityError, match=columns):
        connection.execute(statement)


async def test_a_policy_of_before_it_could_start_later_acts_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    migrate_to(path, "0006-1")
    with raw(path) as connection:
        connection.execute(
            "INSERT INTO remediation_policies (policy_id, name, drift_threshold, min_score,"
            " action_type, selection, source, position, version) VALUES"
            " ('p', 'tags', 3, 50, 'auto_correct', '{\"path\":\"tags.*\",\"min_severity\":2}',"
            " 'api', 4, 7)"
        )
    store = await open_store(path)
    (kept,) = await store.read(lambda t: t.policies.all())
    assert kept == Policy(
        PolicyId("p"),
        "tags",
        ActionType.AUTO_CORRECT,
        Selection(path="tags.*", min_severity=Severity.MEDIUM),
        drift_threshold=Severity.HIGH,
        min_score=50,
        position=4,
        version=7,
    )
    later = replace(kept, starts_at=datetime(2027, 1, 1, tzinfo=UTC))
    await store.transact(lambda t: t.policies.put(later))
    assert await store.read(lambda t: t.policies.get("p")) == later
    await store.close()


async def test_a_decision_of_before_leaves_the_details(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    migrate_to(path, "0009-1")
    settled = '"settled":{"remediation_id":"m1","state":"rejected","by":"ann","reason":"known"}'
    ended = '"settled":{"remediation_id":"m2","state":"converged","reason":"nothing to do"}'
    texts = {
        "decided": f'{{"address":"thing.a","changes":[],\n{settled}}}',
        "ended": f'{{"changes":[],{ended}}}',
        "open": '{"changes":[{"path":"\\"settled\\":"}]}',
    }
    with raw(path) as connection:
        for name, details in texts.items():
            connection.execute(
                "INSERT INTO findings (id, stack, address, type, kind, severity, score,"
                " fingerprint, state, first_seen, last_seen, times_seen, report_id, acted_on,"
                " seen_by, details) VALUES (?, 'web', ?, 'thing', 'changed', 2, 40, 'f', 'open',"
                " '2026-05-01 10:00:00', '2026-05-01 10:00:00', 1, 'r', 1, 'scan', ?)",
                (name, f"thing.{name}", details),
            )
    store = await open_store(path)
    kept = {
        one.id: one for one in await store.read(lambda t: t.findings.unhealed(StackName("web")))
    }
    assert kept[FindingId("decided")].decision == DriftDecision(
        RemediationId("m1"), RemediationState.REJECTED, "ann", "known"
    )
    assert kept[FindingId("decided")].details == {"address": "thing.a", "changes": []}
    assert kept[FindingId("ended")].decision == DriftDecision(
        RemediationId("m2"), RemediationState.CONVERGED, None, "nothing to do"
    )
    assert kept[FindingId("open")].decision is None
    assert kept[FindingId("open")].details == {"changes": [{"path": '"settled":'}]}
    await store.close()
