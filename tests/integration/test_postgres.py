from __future__ import annotations

import psycopg


def test_the_server_answers_and_keeps_what_it_is_told(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("create temporary table kept (value text)")
        connection.execute("insert into kept values ('x')")
        assert connection.execute("select value from kept").fetchall() == [("x",)]
