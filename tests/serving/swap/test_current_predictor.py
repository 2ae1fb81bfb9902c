"""The lending of predictors to requests, and when each predictor is closed."""

import threading
from typing import Any, cast

import pytest

from serving.answers.predictor import Predictor
from serving.swap.current_predictor import CurrentPredictor


class CountingPredictor:
    """Counts how often it is closed, in place of a real predictor."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        """Count one more call."""
        self.closed += 1


def _predictors(number: int) -> list[Any]:
    return [cast(Predictor, CountingPredictor()) for _ in range(number)]


def test_the_current_predictor_stays_open_between_requests() -> None:
    (predictor,) = _predictors(1)
    current = CurrentPredictor(predictor)
    for _ in range(3):
        with current.lend() as lent:
            assert lent is predictor
    assert predictor.closed == 0
    current.close()
    assert predictor.closed == 1


def test_an_unused_predictor_is_closed_as_soon_as_it_is_replaced() -> None:
    first, second = _predictors(2)
    current = CurrentPredictor(first)
    current.replace(second)
    assert (first.closed, second.closed) == (1, 0)
    with current.lend() as lent:
        assert lent is second


def test_a_replaced_predictor_is_closed_once_after_the_last_of_its_users() -> None:
    first, second = _predictors(2)
    current = CurrentPredictor(first)
    with current.lend():
        with current.lend():
            current.replace(second)
            with current.lend() as lent:
                assert lent is second
        assert first.closed == 0
    assert (first.closed, second.closed) == (1, 0)


def test_a_request_that_fails_gives_its_predictor_back() -> None:
    first, second = _predictors(2)
    current = CurrentPredictor(first)
    with pytest.raises(ValueError, match="the request is wrong"), current.lend():
        raise ValueError("the request is wrong")
    current.replace(second)
    assert first.closed == 1


def test_no_thread_is_lent_a_predictor_that_is_closed() -> None:
    predictors = _predictors(200)
    current = CurrentPredictor(predictors[0])
    stopped = threading.Event()
    closed_while_lent: list[int] = []

    def use() -> None:
        while not stopped.is_set():
            with current.lend() as lent:
                if cast(Any, lent).closed:
                    closed_while_lent.append(1)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for predictor in predictors[1:]:
        current.replace(predictor)
    stopped.set()
    for thread in threads:
        thread.join()
    current.close()
    assert closed_while_lent == []
    assert [predictor.closed for predictor in predictors] == [1] * len(predictors)
