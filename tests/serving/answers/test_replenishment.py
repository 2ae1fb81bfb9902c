"""Categories whose replenishment an answer lists as due."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.windows import DAY, to_datetime
from serving.answers.replenishment import MAX_DUE, list_due

_NOW = 20_000 * DAY
_DAYS = st.one_of(st.just(np.nan), st.floats(-700, 700))


def test_what_is_overdue_or_due_within_the_horizon_is_listed_by_its_day() -> None:
    cycles = [
        ("tea", 3.0, 90.0), ("cups", 9.0, -200.5), ("honey", 1.0, 90.1), ("books", 5.0, np.nan),
        ("tarot", 5.0, 1.0),
    ]  # fmt: skip
    due = list_due(cycles, _NOW, 90, {"tarot"})
    assert [(d.category, d.due_at) for d in due] == [
        ("cups", to_datetime(_NOW - round(200.5 * DAY))),
        ("tea", to_datetime(_NOW + 90 * DAY)),
    ]


@given(st.dictionaries(st.text(), st.tuples(st.integers(1, 50), _DAYS), max_size=40))
def test_of_many_those_bought_most_often_are_listed(cycles: dict[str, tuple[int, float]]) -> None:
    rows = [(name, float(lines), days) for name, (lines, days) in cycles.items()]
    due = list_due(rows, _NOW, 90, frozenset())
    known = {name for name, (_, days) in cycles.items() if days <= 90}
    listed = {d.category for d in due}
    assert listed <= known
    assert len(due) == len(listed) == min(len(known), MAX_DUE)
    assert [d.due_at for d in due] == sorted(d.due_at for d in due)
    least = min((cycles[name][0] for name in listed), default=0)
    assert all(cycles[name][0] <= least for name in known - listed)
