"""Whose a token is: one person may have several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every token so far is that of the person of its name.

    A release names that person, so a quarantine names the token that asked for it.
    Tokens that the daemon made for a lost `admin.token` are the admin's.
    """
    op.add_column("tokens", sa.Column("person", sa.Text(), nullable=True))
    op.add_column("quarantines", sa.Column("released_by", sa.Text(), nullable=True))
    op.execute(
        "UPDATE tokens SET person = 'admin'"
        " WHERE role = 'admin' AND token_id = name AND name LIKE 'admin-________'"
    )
