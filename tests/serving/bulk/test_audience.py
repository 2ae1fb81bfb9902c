"""Decisions for the audience of a campaign: batches, files, pseudonyms and refusals."""

import json
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from features.errors import InputError, NextbuyError
from features.shop.pseudonyms import pseudonym
from features.store.fresh import FreshStore
from features.windows import to_datetime
from serving.bulk.audience import CampaignSend, decide_audience, make_decisions_table
from tests.serving.desk import Desk


def decide_file(desk: Desk, folder: Path, text: str, out: str = "out.csv", key: str = "file"):
    audience = folder / "audience.csv"
    audience.write_text(text)
    as_of = to_datetime(desk.cutoff).isoformat()
    shop = desk.shop.root / "nextbuy.toml"
    return decide_audience(shop, audience, folder / out, CampaignSend("autumn", key, as_of))


def test_an_audience_is_decided_in_batches_and_again_to_the_same(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.bulk.audience.MAX_CUSTOMERS", 7)
    customer_ids = [*desk.ids[:20], "nobody", desk.ids[0]]
    text = "\n".join(["segment,customer_id", *(f"x,{i}" for i in customer_ids)])
    frame = decide_file(desk, tmp_path, text)
    assert frame["customer_id"].tolist() == customer_ids
    served = desk.decide(customer_ids, "file")
    for name in ("decision_id", "channel", "arm", "propensity", "status"):
        assert [v if pd.notna(v) else None for v in frame[name]] == [
            getattr(d, name) for d in served
        ]
    written = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, dtype=str)
    assert written["channel"].tolist() == [d.channel or "" for d in served]
    eligible = [json.loads(text) if text else None for text in written["eligible"]]
    assert eligible == [d.eligible for d in served]
    again = decide_file(desk, tmp_path, text, "out.parquet")
    read = pd.read_parquet(tmp_path / "out.parquet")
    assert read["decision_id"].tolist() == frame["decision_id"].tolist()
    assert (again["repeated"] == (again["status"] == "ok")).all()


def test_what_is_written_of_a_pseudonymised_shop_has_pseudonyms(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    section = msgspec.structs.replace(desk.shop.section, pseudonymise=True)
    shop = msgspec.structs.replace(desk.shop, section=section)
    (decided,) = desk.decide(["nobody"], "pseudonym")
    assert make_decisions_table(shop, [decided])["customer_id"].tolist() == [
        pseudonym(b"k" * 32, "nobody")
    ]


@pytest.mark.parametrize(
    ("text", "out", "key", "says"),
    [
        ("id\nc\n", "out.csv", "k", "--audience: expected a column customer_id, got columns id"),
        (
            "customer_id,x\nc,1\n,2\n",
            "out.csv",
            "k",
            "a customer_id in every row, got none in row 2",
        ),
        ("", "out.csv", "k", "--audience: expected a table with a header"),
        ("customer_id\nc\n", "out.xlsx", "k", r"--out: expected a file .csv or .parquet"),
        ("customer_id\nc\n", "out.csv", "", "key: expected what POST /v1/decisions takes"),
    ],
)
def test_an_audience_that_cannot_be_read_or_written_is_refused(
    desk: Desk, tmp_path: Path, text: str, out: str, key: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        decide_file(desk, tmp_path, text, out, key)
    assert not (tmp_path / out).exists()


def test_a_decided_audience_leaves_no_store_open_and_neither_does_a_refusal(
    config: Path, tmp_path: Path, opened_stores: list[FreshStore]
) -> None:
    audience = tmp_path / "audience.csv"
    audience.write_text("customer_id\nc\nc\n")
    out = tmp_path / "out.csv"
    frame = decide_audience(config, audience, out, CampaignSend("autumn", "k"))
    assert frame["status"].tolist() == ["unavailable"] * 2
    with pytest.raises(InputError, match="as_of: expected no such field: a decision is made now"):
        decide_audience(config, audience, out, CampaignSend("autumn", "k", "2024-03-01"))
    assert len(opened_stores) == 2
    for store in opened_stores:
        with pytest.raises(NextbuyError, match="closed database"):
            store.customer_ids()


def test_an_audience_that_is_missing_is_refused(config: Path, tmp_path: Path) -> None:
    missing = tmp_path / "audience.csv"
    with pytest.raises(InputError, match="--audience: expected a file, got none at"):
        decide_audience(config, missing, tmp_path / "out.csv", CampaignSend("autumn", "k"))
