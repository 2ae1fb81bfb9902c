"""A campaign's audience decided at once: a file of customers in, a file of decisions out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from features.errors import InputError, refuse
from features.shop.pseudonyms import map_to_stored_ids
from features.shop.shop import Shop
from serving.bulk.offline import load_once
from serving.decisions.decide import DecisionMaker
from serving.schemas.answer_schemas import MAX_CUSTOMERS
from serving.schemas.decision_schemas import Decided, DecisionsRequest

_KINDS = (".csv", ".parquet")
_ID = "customer_id"


def decide_audience(
    shop: Path, audience: Path, out: Path, campaign: str, key: str, as_of: str | None
) -> pd.DataFrame:
    """Decide of everybody in a file, without a running service, and write the decisions.

    Run again, it comes to the same decisions: each is made once.

    Parameters
    ----------
    audience : path
        CSV or Parquet; its column `customer_id` is read.
    out : path
        CSV or Parquet; a row per row of the audience, in its order. In place of ids it has
        pseudonyms where the shop has them.

    Returns
    -------
    DataFrame
        What was written: the fields of a decision as the service replies, `eligible` as JSON.

    Raises
    ------
    InputError
        A file is of another kind, or the audience has no ids in `customer_id`.
    NextbuyError
        The decision table cannot be written; what was decided before that stays decided.
    """
    _check_kind("--out", out)
    ids = _read_ids(audience)
    predictor = load_once(shop)
    decisions = DecisionMaker(predictor.shop)
    try:
        decided = [
            one
            for request in _requests(ids, campaign, key, as_of)
            for one in decisions.decide(predictor, request).decisions
        ]
    finally:
        decisions.close()
    frame = to_frame(predictor.shop, decided)
    if out.suffix == ".csv":
        frame.to_csv(out, index=False)
    else:
        frame.to_parquet(out, index=False)
    return frame


def _read_ids(audience: Path) -> list[str]:
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
    if path.suffix not in _KINDS:
        raise refuse(option, "a file " + " or ".join(_KINDS), f"'{path.name}'", "Rename it.")


def _requests(
    ids: Sequence[str], campaign: str, key: str, as_of: str | None
) -> Iterator[DecisionsRequest]:
    """Cut an audience into what is decided at once."""
    for start in range(0, len(ids), MAX_CUSTOMERS):
        some = ids[start : start + MAX_CUSTOMERS]
        asking = [{_ID: i, "campaign": campaign, "key": key} for i in some]
        try:
            yield DecisionsRequest.model_validate({"decisions": asking, "as_of": as_of})
        except ValidationError as error:
            raise _wrong_form(error) from None


def _wrong_form(error: ValidationError) -> InputError:
    first = error.errors()[0]
    return refuse(
        str(first["loc"][-1]), "what POST /v1/decisions takes", first["msg"], "Correct it."
    )


def to_frame(shop: Shop, decided: Sequence[Decided]) -> pd.DataFrame:
    """Put decisions into a table, a row each, under the ids that the shop's files carry."""
    frame = pd.DataFrame([d.model_dump() for d in decided], columns=list(Decided.model_fields))
    frame[_ID] = frame[_ID].map(map_to_stored_ids(shop, frame[_ID]))
    frame["eligible"] = [
        None if d.eligible is None else msgspec.json.encode(d.eligible).decode() for d in decided
    ]
    return frame.drop(columns="retry_after")
