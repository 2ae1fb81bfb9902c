"""The BentoML service: wiring only."""

from typing import Annotated

import bentoml
from bentoml.exceptions import InvalidArgument
from pydantic import Field

from features.faults import InputError
from serving.schemas import MAX_CUSTOMERS, PredictResponse
from serving.settings import read_settings
from serving.watcher import Watcher


@bentoml.service(name="nextbuy", traffic={"timeout": 30})
class NextbuyService:
    """Will each customer buy again, when, and through which channel to ask?"""

    def __init__(self) -> None:
        self._watcher = Watcher(read_settings())

    @bentoml.api(route="/v1/predict")  # type: ignore[untyped-decorator]
    def predict(
        self,
        customer_ids: Annotated[list[str], Field(max_length=MAX_CUSTOMERS)],
        as_of: str | None = None,
    ) -> PredictResponse:
        """Answer for up to 5,000 customers, in the order given; reads, and changes nothing.

        `as_of` is the instant that the answers speak of, in ISO 8601; default: now. A bare
        date is the end of that day, and a time without a zone is read in the shop's.
        """
        predictor = self._watcher.current
        try:
            instant = predictor.read_as_of(as_of)
        except InputError as error:
            raise InvalidArgument(str(error)) from None
        return predictor.predict(customer_ids, instant)

    def __is_ready__(self) -> bool:
        """Ready when there is at least one champion to answer with."""
        return bool(self._watcher.current.champions.by_kind)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def _stop(self) -> None:
        self._watcher.stop()
