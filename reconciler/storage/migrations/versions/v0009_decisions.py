"""A person's decision about a drift, in a column of its own and not in the details."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEYS = ("remediation_id", "state", "by", "reason", "until")


def upgrade() -> None:
    """Add the column, and move there what stood under `settled` in the details."""
    # SQLite adds a column behind the constraints; made anew, the table is as it is declared.
    with op.batch_alter_table("findings", recreate="always") as findings:
        findings.add_column(sa.Column("decision", sa.Text(), nullable=True), insert_after="details")
    findings_now = sa.table(
        "findings", sa.column("id"), sa.column("details"), sa.column("decision")
    )
    rows = sa.select(findings_now.c.id, findings_now.c.details).where(
        findings_now.c.details.like('%"settled":%')
    )
    connection = op.get_bind()
    for finding_id, text in connection.execute(rows).all():
        details = json.loads(text)
        # An attribute may be called so as well; only the details' own key is meant.
        settled = details.pop("settled", None)
        if settled is None:
            continue
        decision = {key: settled.get(key) for key in _KEYS}
        connection.execute(
            sa.update(findings_now)
            .where(findings_now.c.id == finding_id)
            .values(details=_text(details), decision=_text(decision))
        )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
