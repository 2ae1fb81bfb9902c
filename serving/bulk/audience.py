"""Makes the decisions for a campaign's audience: reads a file of customers, writes decisions."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from features.errors import InputError, refuse
from features.shop.pseudonyms import map_to_stored_ids
from features.shop.shop import Shop
from serving.bulk.offline import open_offline_predictor
from serving.decisions.decide import DecisionMaker
from serving.schemas.answer_schemas import MAX_CUSTOMERS
from serving.schemas.decision_schemas import Decided, DecisionsRequest

_FILE_SUFFIXES = (".csv", ".parquet")
_ID = "customer_id"


class CampaignSend(msgspec.Struct, frozen=True):
    """What is decided alike for every customer of an audience.

    Attributes
    ----------
    campaign : str
        Name of the campaign that the messages belong to.
    key : str
        Names the occasion within the campaign.
    as_of : str or None
        The instant that counts as now, in ISO 8601; taken of simulated shops only.
    send_at : str or None
        The instant of sending, in ISO 8601; None means the first outside quiet hours.
    """

    campaign: str
    key: str
    as_of: str | None = None
    send_at: str | None = None


def decide_audience(shop: Path, audience: Path, out: Path, send: CampaignSend) -> pd.DataFrame:
    """Decide for every customer in a file without a running service, and write the decisions.

    Run again with the same key, it gives the same decisions: each is made once.

    Parameters
    ----------
    shop : path
        The shop's nextbuy.toml.
    audience : path
        CSV or Parquet file with one row per customer; its column `customer_id` is read.
    out : path
        CSV or Parquet file to write; one row per row of the audience, in its order. In place of
        ids it has pseudonyms where the shop has them.
    send : CampaignSend
        Campaign, key and instants of the decisions.

    Returns
    -------
    DataFrame
        What was written: the fields of a decision as the service replies, `eligible` as JSON.

    Raises
    ------
    InputError
        A file is of another kind, the audience has no ids in `customer_id`, or an instant is
        refused as the service refuses it.
    NextbuyError
        The decision table cannot be written; what was decided before that stays decided.
    """
    _check_kind("--out", out)
    ids = _read_ids(audience)
    with (
        open_offline_predictor(shop) as predictor,
        closing(DecisionMaker(predictor.shop)) as decisions,
    ):
        decided = [
            decision
            for request in _make_requests(ids, send)
            for decision in decisions.decide(predictor, request).decisions
        ]
        frame = make_decisions_table(predictor.shop, decided)
    if out.suffix == ".csv":
        frame.to_csv(out, index=False)
    else:
        frame.to_parquet(out, index=False)
    return frame


def _read_ids(audience: Path) -> list[str]:
    """Read the customer ids of an audience; a file without one in every row is refused."""
    _check_kind("--audience", audience)
    if not audience.is_file():
        raise refuse("--audience", "a file", f"none at {audience}", "Correct the path.")
    try:
        if audience.suffix == ".csv":
            frame = pd.read_csv(audience, dtype=str, keep_default_na=False)
        else:
            frame = pd.read_parquet(audience)
    except (ValueError, pa.ArrowException) as error:
        raise refuse(
            "--audience", "a table with a header", str(error), "Export it again."
        ) from None
    if _ID not in frame.columns:
        names = ", ".join(map(str, frame.columns))
        raise refuse("--audience", f"a column {_ID}", f"columns {names}", "Name the ids' column.")
    ids = frame[_ID]
    if (blank := ids.isna() | (ids.astype(str) == "")).any():
        row = int(blank.to_numpy().argmax()) + 1
        raise refuse("--audience", f"a {_ID} in every row", f"none in row {row}", "Leave it out.")
    return [str(i) for i in ids]


def _check_kind(option: str, path: Path) -> None:
    if path.suffix not in _FILE_SUFFIXES:
        raise refuse(
            option, "a file " + " or ".join(_FILE_SUFFIXES), f"'{path.name}'", "Rename it."
        )


def _make_requests(ids: Sequence[str], send: CampaignSend) -> Iterator[DecisionsRequest]:
    """Cut an audience into requests of at most `MAX_CUSTOMERS` decisions."""
    for start in range(0, len(ids), MAX_CUSTOMERS):
        batch = ids[start : start + MAX_CUSTOMERS]
        asking = [{_ID: i, "campaign": send.campaign, "key": send.key} for i in batch]
        instants = {"as_of": send.as_of, "send_at": send.send_at}
        try:
            yield DecisionsRequest.model_validate({"decisions": asking, **instants})
        except ValidationError as error:
            raise _request_fault(error) from None


def _request_fault(error: ValidationError) -> InputError:
    """Make the error of the first field that the service would not take."""
    first = error.errors()[0]
    return refuse(
        str(first["loc"][-1]), "what POST /v1/decisions takes", first["msg"], "Correct it."
    )


def make_decisions_table(shop: Shop, decided: Sequence[Decided]) -> pd.DataFrame:
    """Make the table of decisions that is written for an audience.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml; they say whether ids are written as pseudonyms.
    decided : sequence of Decided
        The decisions, one per row of the audience.

    Returns
    -------
    DataFrame
        One row per decision with its fields except `retry_after`; `customer_id` as in the shop's
        stored files, `eligible` as JSON text, None where nothing was decided.
    """
    frame = pd.DataFrame([d.model_dump() for d in decided], columns=list(Decided.model_fields))
    frame[_ID] = frame[_ID].map(map_to_stored_ids(shop, frame[_ID]))
    frame["eligible"] = [
        None if d.eligible is None else msgspec.json.encode(d.eligible).decode() for d in decided
    ]
    return frame.drop(columns="retry_after")
