"""Times each BTYD model on a million customers (`make bench-btyd`).

The customers follow an MBG/NBD with CDNOW's parameters and are seen at ages of up to two years,
no two with equal histories; every model is fitted to some of them and evaluated on all.
"""

import argparse
import time
from collections.abc import Callable, Iterator

from benchmarks.purchase.btyd_customers import draw_customers
from benchmarks.rows import Row, report_each
from features.arrays import Floats
from models.btyd.history import rfm_arrays
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.member import MEMBER_NAMES, Member
from models.btyd.member_fit import fit_member

CDNOW = MbgCnbd(1, 0.525, 6.183, 0.891, 1.614)
_FITTED = 20_000
_GOAL = 10.0
_Histories = tuple[Floats, Floats, Floats]
_QUESTIONS: dict[str, Callable[[Member, _Histories], Floats]] = {
    "p_alive": lambda member, of: member.p_alive(*of),
    "p_within 30 and 90": lambda member, of: member.p_within(*of, [30, 90]),
    "expected_purchases 90": lambda member, of: member.expected_purchases(*of, 90),
}


def main() -> None:
    """Time all BTYD models on as many customers as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    report_each("btyd", _measure(parser.parse_args().customers))


def _measure(customers: int) -> Iterator[Row]:
    population = draw_customers(customers, CDNOW, (0, 730))
    yield Row("customers, millions", customers / 1e6)
    for name in MEMBER_NAMES:
        start = time.perf_counter()
        member = fit_member(population[:_FITTED], name)
        yield Row(f"{name}: fit to {_FITTED:,} customers, s", time.perf_counter() - start)
        for question, ask in _QUESTIONS.items():
            start = time.perf_counter()
            ask(member, rfm_arrays(population))
            seconds = time.perf_counter() - start
            figure = f"{name}: {question}, s"
            yield Row(figure, seconds, goal=f"<= {_GOAL:g}", met=seconds <= _GOAL)


if __name__ == "__main__":
    main()
