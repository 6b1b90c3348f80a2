from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
import pytest

from tests import postgres as postgres_module
from tests.parts import require
from tests.ports import free_port
from tests.postgres import find_postgres, running_postgres


def test_the_server_answers_and_keeps_what_it_is_told(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("create temporary table kept (value text)")
        connection.execute("insert into kept values ('x')")
        assert connection.execute("select value from kept").fetchall() == [("x",)]


def test_a_server_on_a_port_that_was_taken_meanwhile_is_another_one(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tests that shared a database would see each other's rows."""
    taken = [urlsplit(postgres).port]
    monkeypatch.setattr(postgres_module, "free_port", lambda: taken.pop() if taken else free_port())
    with running_postgres(require("postgres", find_postgres())) as address:
        assert taken == []
        assert address != postgres
