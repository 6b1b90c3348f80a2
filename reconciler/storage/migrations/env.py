"""What Alembic runs: every migration, on the connection it was handed."""

from __future__ import annotations

from alembic import context

from reconciler.storage.tables.row import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
)
with context.begin_transaction():
    context.run_migrations()
