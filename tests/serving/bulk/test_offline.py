"""Predictions and reasons without a running service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.errors import InputError, NextbuyError
from features.store.address import store_path
from features.store.fresh import FreshStore
from features.windows import DAY, to_datetime
from serving.bulk.offline import explain_offline, open_offline_predictor, predict_offline


def test_an_instant_in_the_future_is_refused(simulated) -> None:
    with pytest.raises(InputError, match="as_of: expected an instant not after now"):
        predict_offline(simulated.config, ["x"], "2999-01-01")
    assert store_path(simulated.shop).is_file()


def test_the_command_line_answers_under_the_settings_of_the_service(
    simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = to_datetime(simulated.cutoff + 5 * DAY).isoformat()
    assert predict_offline(simulated.config, ["x"], late).answers[0].status == "unavailable"
    monkeypatch.setenv("NEXTBUY_MAX_AGE_HOURS", "240")
    assert predict_offline(simulated.config, ["x"], late).answers[0].status == "unknown_customer"


def test_the_store_and_the_journal_are_closed_after_the_block(
    config: Path, opened_stores: list[FreshStore]
) -> None:
    with open_offline_predictor(config) as predictor:
        assert [predictor.store] == opened_stores
        assert predictor.store.customer_ids() == ["c"]
    with pytest.raises(NextbuyError, match=r"history store.*closed database"):
        predictor.store.read(["c"])
    with pytest.raises(NextbuyError, match=r"journal of posted rows.*closed database"):
        predictor.store.customer_ids()


@pytest.mark.parametrize("answer", [predict_offline, explain_offline])
def test_an_answer_leaves_no_store_open_and_neither_does_a_refusal(
    config: Path, opened_stores: list[FreshStore], answer: Callable[..., Any]
) -> None:
    assert answer(config, ["c"], None).models == {}
    with pytest.raises(InputError, match="as_of: expected"):
        answer(config, ["c"], "soon")
    assert len(opened_stores) == 2
    for store in opened_stores:
        with pytest.raises(NextbuyError, match="closed database"):
            store.customer_ids()


def test_a_setting_of_the_environment_that_is_no_number_is_refused(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_EXPIRES_HOURS", "never")
    with pytest.raises(InputError, match="NEXTBUY_EXPIRES_HOURS: expected a number above 0"):
        predict_offline(config, ["c"], None)
