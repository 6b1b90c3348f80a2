"""Who saw each drift, beside what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SCAN = "scan"
_NOT_HEALED = sa.text("state <> 'healed'")


def upgrade() -> None:
    """Add the columns. What a token reported belongs to that token, all else to the scans."""
    op.drop_index("uq_findings_unhealed", table_name="findings")
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    for table, before in (("findings", "report_id"), ("drift_reports", "event")):
        with op.batch_alter_table(table, recreate="always") as changed:
            changed.add_column(
                sa.Column("seen_by", sa.Text(), nullable=False, server_default=_SCAN),
                insert_after=before,
            )
    _name_reporters(op.get_bind())
    for table in ("findings", "drift_reports"):
        with op.batch_alter_table(table, recreate="always") as changed:
            changed.alter_column("seen_by", server_default=None)
    op.create_index(
        "uq_findings_unhealed",
        "findings",
        ["stack", "address", "kind", "seen_by"],
        unique=True,
        sqlite_where=_NOT_HEALED,
        postgresql_where=_NOT_HEALED,
    )


def _name_reporters(connection: sa.Connection) -> None:
    """Note the reporting token, as the audit has it, with its reports and their findings.

    A finding that a scan has seen since then has a report of that scan, and is the scan's.
    """
    connection.execute(
        sa.text("UPDATE drift_reports SET seen_by = 'report:unknown' WHERE event = 'reported'")
    )
    for report_id, actor in _reported(connection):
        connection.execute(
            sa.text(
                "UPDATE drift_reports SET seen_by = :source"
                " WHERE report_id = :report AND event = 'reported'"
            ),
            {"source": f"report:{actor}", "report": report_id},
        )
    connection.execute(
        sa.text(
            "UPDATE findings SET seen_by = (SELECT r.seen_by FROM drift_reports AS r"
            " WHERE r.report_id = findings.report_id) WHERE report_id IN"
            " (SELECT report_id FROM drift_reports WHERE event = 'reported')"
        )
    )


def _reported(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    rows = connection.execute(
        sa.text("SELECT details, actor FROM audit WHERE action = 'drift.reported'")
    ).all()
    for details, actor in rows:
        report_id = json.loads(details).get("report_id")
        if report_id:
            yield report_id, actor
