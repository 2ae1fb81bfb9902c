"""Watches for new champions and a new build of the store, and then replaces the predictor.

A request borrows the predictor from `Watcher.current` once and is answered from that one snapshot,
which is closed after it was replaced and its last request is done. A version that cannot be loaded
is logged, and the last good snapshot goes on answering.
"""

import logging
import threading

from features.errors import NextbuyError
from features.shop.shop import read_shop
from features.store.address import store_target
from models.registry import read_champion_versions
from serving.answers.predictor import Predictor, load_predictor
from serving.service_settings import Settings
from serving.swap.current_predictor import CurrentPredictor

logger = logging.getLogger(__name__)


class Watcher:
    """Keeps the predictor of the service current, by a thread that looks for new versions.

    Parameters
    ----------
    settings : Settings
        They name the shop and how often to look.

    Attributes
    ----------
    current : CurrentPredictor
        Lends the predictor to requests.

    Raises
    ------
    NextbuyError
        There is no shop or no store at the start, or the champions do not load.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shop = read_shop(settings.shop)
        self._target = store_target(self._shop)
        self._loaded = self._read_versions()
        self.current = CurrentPredictor(self._load())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, and close the predictor after its last request."""
        self._stopped.set()
        self._thread.join()
        self.current.close()

    def _watch(self) -> None:
        while not self._stopped.wait(self._settings.poll_seconds):
            try:
                versions = self._read_versions()
                if versions != self._loaded:
                    predictor = self._load()
                    self.current.replace(predictor)
                    self._loaded = versions
                    logger.info("now answering from %s", predictor.champions.versions)
            except NextbuyError as error:
                logger.warning("the new version is not taken, the last one goes on: %s", error)
            except Exception:  # whatever failed, the next promotion must still be followed
                logger.exception("the new version is not taken, the last one goes on")

    def _read_versions(self) -> tuple[object, ...]:
        """Read the champions' versions and the store's build, without loading either."""
        return read_champion_versions(self._shop.tracking_uri), self._target.build_id()

    def _load(self) -> Predictor:
        return load_predictor(
            self._shop, self._settings.max_age_hours, self._settings.expires_hours
        )
