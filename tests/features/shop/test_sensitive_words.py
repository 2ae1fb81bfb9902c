from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.log.log import read_log
from features.readiness.readiness import examine_log
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import SensitiveSection
from features.shop.shop import read_shop


@pytest.mark.parametrize(
    "name",
    [
        "Pregnancy tests", "health", "attr_religion", "HALAL food", "sex toys", "Kids' books",
        "attr_political_party", "zdrowie", "ethnicity", "attr_gender_identity", "baby care",
    ],
)  # fmt: skip
def test_what_is_too_personal_is_found(name: str) -> None:
    assert list(find_sensitive_names([name], SensitiveSection())) == [name]


@pytest.mark.parametrize(
    "name",
    ["coffee", "skin care", "Essex hampers", "racing bikes", "blood oranges", "kidney beans",
     "attr_household_size", "country", "acquisition_channel", "prosexual"],
)  # fmt: skip
def test_what_only_looks_alike_is_not(name: str) -> None:
    assert find_sensitive_names([name], SensitiveSection()) == {}


def test_a_shop_adds_words_of_its_own_and_lets_names_in() -> None:
    settings = SensitiveSection(words=["tarot"], allow=["Baby Blue"])
    names = ["Tarot cards", "baby blue", "baby food"]
    assert list(find_sensitive_names(names, settings)) == ["Tarot cards", "baby food"]


def _shop(write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]) -> Path:
    frame = orders(("a", "2024-01-02", 1), ("a", "2024-02-02", 2), ("b", "2024-03-01", 3))
    lines = frame[["order_id"]].assign(
        product_id=["p1", "p1", "p2"], quantity=1, unit_price=[1, 2, 3]
    )
    products = pd.DataFrame(
        {"product_id": ["p1", "p2"], "category": ["pregnancy tests", "coffee"], "brand": "Aster"}
    )
    customers = pd.DataFrame(
        {"customer_id": ["a", "b"], "known_at": "2024-01-01", "attr_religion": ["x", "y"],
         "attr_hobby": ["chess", "go"]}
    )  # fmt: skip
    tables = {"orders": frame, "order_lines": lines, "products": products, "customers": customers}
    return write_shop(tables)


def test_a_sensitive_category_or_attribute_is_in_no_feature(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    log = read_log(read_shop(_shop(write_shop, orders)))
    cutoff = log.observed_until
    frame = build_features(log, [cutoff], read_catalog(log, cutoff)).set_index("customer_id")
    assert not [name for name in frame if "religion" in name]
    assert frame["attr_hobby"].tolist() == ["chess", "go"]
    assert frame["category_top"].tolist()[1] == "coffee"
    assert frame["category_top"].isna().tolist() == [True, False]
    assert frame["brand_top"].tolist() == ["Aster", "Aster"]  # the line itself still counts
    assert frame["lines_count_365d"].tolist() == [2, 1]
    texts = map(str, frame.select_dtypes(exclude="number").to_numpy().ravel())
    assert not [text for text in texts if "pregnan" in text]


def test_the_report_says_what_was_kept_out(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    log = read_log(read_shop(_shop(write_shop, orders)))
    found = {finding.where: finding.examples for finding in examine_log(log).kept_out}
    assert found == {"products.category": ["pregnancy tests"], "customers": ["attr_religion"]}


def test_the_subcategories_of_a_sensitive_category_are_in_no_feature(
    write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    frame = orders(*(("a", f"2024-01-{day:02}", 1) for day in range(2, 6)))
    products = pd.DataFrame(
        {
            "product_id": ["p1", "p2", "p3", "p4"],
            "category": ["health", "books", "books", None],
            "subcategory": ["pain relief", "religion", "novels", "guides"],
        }
    )
    lines = frame[["order_id"]].assign(product_id=products["product_id"], quantity=1, unit_price=1)
    returns = pd.DataFrame({"return_id": range(4), "product_id": products["product_id"]}).assign(
        customer_id="a", returned_at="2024-01-03", amount=1
    )
    tables = {"orders": frame, "order_lines": lines, "products": products, "returns": returns}
    log = read_log(read_shop(write_shop(tables)))
    for table, kept in {
        "lines": {(None, None), ("books", None), ("books", "novels"), (None, "guides")},
        "returns": {(None,), ("books",)},
    }.items():
        columns = "category, subcategory" if table == "lines" else "category"
        assert set(log.fetch(f"SELECT {columns} FROM history_{table}")) == kept
