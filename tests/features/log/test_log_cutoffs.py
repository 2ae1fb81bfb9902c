import pytest

from features.errors import InputError
from features.log.log_cutoffs import check_cutoff_in_data, resolve_cutoff
from features.windows import to_datetime


def test_a_cutoff_outside_the_data_is_refused(simulated) -> None:
    log = simulated.log
    for cutoff in (log.first_order_at - 1, log.observed_until + 1):
        with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
            check_cutoff_in_data(log, cutoff)
    with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
        resolve_cutoff(log, "2999-01-01")


def test_the_end_of_the_data_and_its_bare_last_day_are_the_same_cutoff(simulated) -> None:
    end = simulated.log.observed_until
    day = to_datetime(end).astimezone(simulated.shop.timezone).date().isoformat()
    assert resolve_cutoff(simulated.log, "end") == resolve_cutoff(simulated.log, day) == end
