"""Many rows into a table at once: COPY beside it, then one INSERT that updates what is there."""

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table

# What a row keeps from its birth, whatever is written over it.
BORN = ("id", "created_at")
STAGE = sql.Identifier("import_stage")


def put_rows(connection: Connection, table: Table, key: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, or overwrite those with the same `key`.

    Args:
        rows: values of every column of the table, in its order.
    """
    names = [column.name for column in table.columns]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    replaced = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
        for name in names
        if name not in {key, *BORN}
    )
    target = sql.Identifier(table.name)
    if not connection.in_transaction():
        # The driver would begin one that SQLAlchemy knows nothing of.
        connection.begin()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor:
        create = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(STAGE, target)
        cursor.execute(create)
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(STAGE, columns)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2} ON CONFLICT ({3}) DO UPDATE SET {4}").format(
                target, columns, STAGE, sql.Identifier(key), replaced
            )
        )
        cursor.execute(sql.SQL("DROP TABLE {}").format(STAGE))
