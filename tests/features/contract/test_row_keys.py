"""The key of a row is one number in SQL and in Python."""

import duckdb

from features.contract.row_keys import hash_sql, hash_values


def test_a_key_is_the_same_number_in_sql_and_in_python() -> None:
    values = ["żółć", None, True, 3]
    connection = duckdb.connect()
    columns = ", ".join(f"? AS c{place}" for place in range(len(values)))
    keys = hash_sql([f"c{place}" for place in range(len(values))])
    found = connection.execute(f"SELECT {keys} FROM (SELECT {columns})", values).fetchall()
    assert found[0][0] == hash_values(values) < 2**53
