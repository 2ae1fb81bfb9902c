"""What counts as the same output, and what does not."""

import pytest

from tests.docs.masking import contains, lay_out, mask, mask_json, mask_lines, part_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("c-87ea73b448bf is ok", "c-0e9422de9def is ok"),
        ("judged on what they did after 2025-10-01", "judged on what they did after 2024-01-31"),
        ("expires 2025-10-02T21:59:59.999999Z", "expires 2026-01-01T00:00:00Z"),
        ("│ BG/NBD │  9.014 │ +4.67 │", "│ BG/NBD │ 10.3 │   -0.15 │"),
        ("1,477 customers, <0.1 %", "26 customers, <0.25 %"),
        ("┏━━━━━┳━━━┓", "┏━━┳━━━━━━┓"),
        ("policy 1-27bdc002", "policy 12-ffffffff"),
    ],
)
def test_numbers_ids_and_instants_may_differ(one: str, other: str) -> None:
    assert mask(one) == mask(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ask by email", "ask by sms"),
        ("p90 of gaps", "p50 of gaps"),
        ("│ better │", "│ worse │"),
        ("email 4", "email"),
    ],
)
def test_words_may_not_differ(one: str, other: str) -> None:
    assert mask(one) != mask(other)


def test_progress_bars_and_empty_lines_are_left_out() -> None:
    printed = "training ━━━━━━━━━━━━ 0:02:21\n\nchurn: version 2\n"
    assert mask_lines(printed) == ["churn: version <n>"]


def test_a_part_of_an_output_has_no_gap() -> None:
    assert contains(["a", "b", "c"], ["b", "c"])
    assert not contains(["a", "b", "c"], ["a", "c"])


def test_true_false_and_null_are_kept_in_json() -> None:
    assert mask_json({"a": 1.5, "b": [True, None, "c-87ea73b448bf"]}) == {
        "a": 0,
        "b": [True, None, "<customer>"],
    }


def test_a_part_of_a_reply_has_the_keys_and_the_items_that_are_shown() -> None:
    reply = {"a": 1, "b": [{"c": 2, "d": 3}, {"c": 4}]}
    assert part_of(reply, {"b": [{"c": 0}]}) == {"b": [{"c": 2}]}
    assert part_of(reply, {"gone": 0}) == {}


def test_json_is_laid_out_with_what_fits_on_one_line() -> None:
    laid_out = lay_out({"a": 0.123456, "b": {"c": [1, 2]}})
    assert laid_out == '{\n  "a": 0.1235,\n  "b": {"c": [1, 2]}\n}'
