"""Endpoints of the HTTP API, as a BentoML service; the work is done by other modules.

BentoML imports this module in two processes: in the one that answers, and in the one that watches
over it and only needs the endpoints and their schemas. So what answers is imported where the
service is made.
"""

import bentoml

from serving.http.http_errors import ErrorMiddleware, errors_as_statuses, log_server_faults_only
from serving.schemas.answer_schemas import ExplainRequest, PredictRequest, PredictResponse
from serving.schemas.decision_schemas import DecisionsRequest, DecisionsResponse
from serving.schemas.event_schemas import EventsRequest, EventsResponse
from serving.schemas.reason_schemas import ExplainResponse


@bentoml.service(name="nextbuy", traffic={"timeout": 30})
class NextbuyService:
    """Answers whether each customer buys again, when, and through which channel to ask."""

    def __init__(self) -> None:
        from models.boosters.lightgbm_import import import_lightgbm_alone

        import_lightgbm_alone()
        from features.shop.shop import read_shop
        from serving.decisions.decide import DecisionMaker
        from serving.http.events import EventPosting
        from serving.service_settings import read_settings
        from serving.swap.watcher import Watcher

        log_server_faults_only()
        settings = read_settings()
        self._watcher = Watcher(settings)
        shop = read_shop(settings.shop)
        self._events = EventPosting(shop)
        self._decisions = DecisionMaker(shop)

    @bentoml.api(route="/v1/predict")  # type: ignore[untyped-decorator]
    def predict(self, request: PredictRequest, /) -> PredictResponse:
        """Answer for up to 5,000 customers, in the order given; reads, and changes nothing."""
        with errors_as_statuses(), self._watcher.current.lend() as predictor:
            as_of = predictor.read_as_of(request.as_of)
            send_at = predictor.read_send_at(request.send_at, as_of)
            return predictor.predict(request.customer_ids, as_of, send_at)

    @bentoml.api(route="/v1/explain")  # type: ignore[untyped-decorator]
    def explain(self, request: ExplainRequest, /) -> ExplainResponse:
        """Give the reasons of the answers for up to 20 customers; reads, and changes nothing."""
        with errors_as_statuses(), self._watcher.current.lend() as predictor:
            as_of = predictor.read_as_of(request.as_of)
            send_at = predictor.read_send_at(request.send_at, as_of)
            return predictor.explain(request.customer_ids, as_of, send_at)

    @bentoml.api(route="/v1/events")  # type: ignore[untyped-decorator]
    def events(self, request: EventsRequest, /) -> EventsResponse:
        """Write down what happened: up to 1,000 rows of any tables; the next answer sees them."""
        with errors_as_statuses():
            return self._events.post(request)

    @bentoml.api(route="/v1/decisions")  # type: ignore[untyped-decorator]
    def decisions(self, request: DecisionsRequest, /) -> DecisionsResponse:
        """Decide through which channel to ask up to 5,000 customers, and write it down."""
        with errors_as_statuses(), self._watcher.current.lend() as predictor:
            return self._decisions.decide(predictor, request)

    def __is_ready__(self) -> bool:
        """Return whether there is at least one champion to answer with."""
        with self._watcher.current.lend() as predictor:
            return bool(predictor.champions.by_kind)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def _stop(self) -> None:
        self._watcher.stop()
        self._events.close()
        self._decisions.close()


NextbuyService.add_asgi_middleware(ErrorMiddleware)  # type: ignore[attr-defined]
