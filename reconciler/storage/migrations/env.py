"""What Alembic runs: every migration, on the connection it was handed."""

from __future__ import annotations

from alembic import context

from reconciler.storage.tables.row import Row


def _run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=Row.metadata)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # as Alembic calls this file; whoever imports it runs nothing
    _run()
