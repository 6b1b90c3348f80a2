"""Sections of hosts in a form that earlier programs cannot read; nothing is rewritten here."""

from __future__ import annotations

revision = "0030"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change no row: a section takes the new form when it changes, and both are read.

    Without a number of its own, a program of before would open the database and fail at the first
    report of a host in place of saying at its start that the database is newer than it is.
    """
