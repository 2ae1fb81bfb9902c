"""With pseudonyms on, a customer's id stands in no file written, and is what is answered with."""

import hashlib
import hmac
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.builds.feature_build import write_features
from features.errors import InputError
from features.ledgers.decisions import open_decisions
from features.log.log import Log, read_log
from features.shop.pseudonyms import KEY_VARIABLE, key_fingerprint, pseudonym, write_pseudonyms
from features.shop.shop import Shop, read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.store.sqlite_store import SqliteStore
from features.windows import to_datetime
from nextbuy.simulator.simulator import simulate_shop
from serving.answers.predictor import load_predictor
from serving.decisions.decide import DecisionMaker
from serving.schemas.decision_schemas import Decided, DecisionsRequest
from training.lifecycle.promote import promote
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import train

SECRET = "0123456789abcdef" * 4
RAW = re.compile(rb"c-[0-9a-f]{12}")


def _expected(key: str, customer_id: str) -> str:
    return hmac.new(key.encode(), customer_id.encode(), hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize("key", ["k" * 32, "schlüssel" * 4, "x" * 64, "x" * 65, "y" * 500])
def test_sql_and_python_make_the_pseudonym_that_hmac_makes(
    write_shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    ids = ["a", "żółć", "客户-1", "it's", "x" * 300, "🛒"]
    frame = pd.DataFrame(
        {"order_id": range(6), "customer_id": ids, "ordered_at": "2024-01-05", "amount": 1}
    )
    monkeypatch.setenv(KEY_VARIABLE, key)
    log = read_log(read_shop(write_shop({"orders": frame}, pseudonymise=True)))
    found = log.connection.execute("SELECT customer_id FROM orders ORDER BY order_id").fetchall()
    assert [row[0] for row in found] == [_expected(key, i) for i in ids]
    assert [pseudonym(key.encode(), i) for i in ids] == [_expected(key, i) for i in ids]


def test_an_id_is_hashed_as_the_contract_holds_it_in_every_table(
    write_shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = pd.DataFrame(
        {"order_id": ["a"], "customer_id": [" 17 "], "ordered_at": ["2024-01-05"], "amount": [1]}
    )
    identities = pd.DataFrame(
        {"source": ["web"], "source_id": [17.0], "customer_id": [17], "note": [None]}
    )
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    config = write_shop({"orders": orders, "identities": identities}, pseudonymise=True)
    identities.to_parquet(config.parent / "identities.parquet")
    config.write_text(config.read_text().replace("identities.csv", "identities.parquet"))
    connection = read_log(read_shop(config)).connection
    query = "SELECT o.customer_id, i.customer_id, source_id FROM orders AS o, identities AS i"
    assert connection.execute(query).fetchall() == [(_expected(SECRET, "17"),) * 3]


def test_a_missing_id_is_still_a_fault(
    write_shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    orders = pd.DataFrame(
        {"order_id": ["a"], "customer_id": [" "], "ordered_at": ["2024-01-05"], "amount": [1]}
    )
    with pytest.raises(InputError, match=r"^orders\.customer_id: expected a value in every row"):
        read_log(read_shop(write_shop({"orders": orders}, pseudonymise=True)))


@pytest.mark.parametrize(("key", "got"), [(None, "none"), ("short", "5 bytes")])
def test_without_a_key_nothing_is_read(
    write_shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, key: str | None, got: str
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    shop = read_shop(write_shop({"orders": pd.DataFrame({"order_id": [1]})}, pseudonymise=True))
    with pytest.raises(
        InputError, match=rf"^{KEY_VARIABLE}: expected a key of 32 bytes.*, got {got}\."
    ):
        read_log(shop)
    assert not list(shop.workspace.glob("*"))


def test_the_fingerprint_tells_keys_apart(
    write_shop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, hashed = (
        read_shop(write_shop({"orders": pd.DataFrame()}, pseudonymise=on)) for on in (False, True)
    )
    assert key_fingerprint(plain) is None
    prints = set()
    for key in (SECRET, SECRET[::-1]):
        monkeypatch.setenv(KEY_VARIABLE, key)
        prints.add(key_fingerprint(hashed))
    assert prints == {_expected(key, "nextbuy")[:8] for key in (SECRET, SECRET[::-1])}


@pytest.mark.parametrize(
    ("text", "column"), [("c-1\n\n ż,2 \n", None), ('n,id\n1,c-1\n2,"ż,2"\n', "id")]
)
def test_a_list_of_ids_is_mapped(text: str, column: str | None) -> None:
    out = io.StringIO()
    write_pseudonyms(SECRET.encode(), io.StringIO(text), column, out)
    rows = pd.read_csv(io.StringIO(out.getvalue()))
    assert list(rows.columns) == ["customer_id", "pseudonym"]
    assert list(rows.customer_id) == ["c-1", "ż,2"]
    assert list(rows.pseudonym) == [_expected(SECRET, i) for i in rows.customer_id]


def test_a_column_that_is_not_there_writes_nothing() -> None:
    out = io.StringIO()
    with pytest.raises(InputError, match="--column: expected a column 'id', got columns n, m"):
        write_pseudonyms(SECRET.encode(), io.StringIO("n,m\n1,2\n"), "id", out)
    assert out.getvalue() == ""


class Written:
    """A simulated shop of 300 with pseudonyms: read, built, trained and promoted."""

    def __init__(self, folder: Path) -> None:
        config = simulate_shop(folder, 300)
        text = config.read_text()
        config.write_text(text.replace("[shop]\n", "[shop]\npseudonymise = true\n"))
        self.shop: Shop = read_shop(config)
        self.log: Log = read_log(self.shop)
        cutoff = holdout_cutoff(self.log, self.shop.section.horizon_days)
        write_features(self.log, cutoff)
        train(self.log, ["best-channel"], trials=0)  # the quickest of the three
        promote(self.shop.tracking_uri)
        build_store(self.log, store_path(self.shop), cutoff)
        query = f"SELECT DISTINCT customer_id FROM '{folder}/orders.parquet' ORDER BY 1"
        with duckdb.connect() as connection:
            self.ids = [row[0] for row in connection.execute(query).fetchall()]
        self.decided = self._decide(cutoff)

    def _decide(self, cutoff: int) -> list[Decided]:
        """Decide of ten customers, by their raw ids."""
        decisions = DecisionMaker(self.shop)
        asking = [{"customer_id": i, "campaign": "a", "key": "k"} for i in self.ids[:10]]
        as_of = to_datetime(cutoff).isoformat()
        request = DecisionsRequest.model_validate({"decisions": asking, "as_of": as_of})
        response = decisions.decide(load_predictor(self.shop, 1e6, 24), request)
        decisions.close()
        return response.decisions


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_VARIABLE, SECRET)
        yield Written(tmp_path_factory.mktemp("pseudonyms"))


def _contents(written: Written) -> Iterator[tuple[str, bytes]]:
    """Give all that stands in the workspace: the bytes of files, and what they hold unpacked."""
    for path in written.shop.workspace.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
        if path.suffix == ".parquet":
            yield str(path), pd.read_parquet(path).to_csv().encode()
    connection = written.log.connection
    for (table,) in connection.execute("SHOW ALL TABLES").df()[["name"]].values.tolist():
        yield table, connection.execute(f"SELECT * FROM {table}").df().to_csv().encode()
    store = SqliteStore(store_path(written.shop))
    for customer_id, tables in store.read(store.customer_ids()).items():
        texts = [column.tolist() for table in tables.values() for column in table.values()]
        yield "history", f"{customer_id} {texts}".encode()
    store.close()


def test_raw_ids_stand_in_no_file_written(written: Written) -> None:
    contents = list(_contents(written))
    names = " ".join(name for name, _ in contents)
    files = ("mlflow.db", "history", "log.duckdb", ".parquet", "decisions.sqlite")
    assert all(part in names for part in files)
    ids = {customer_id.encode() for customer_id in written.ids}
    assert len(ids) > 200
    assert not [name for name, content in contents if ids & set(RAW.findall(content))]
    held = [_expected(SECRET, written.ids[0]).encode() in content for _, content in contents]
    assert sum(held) >= 3  # log, store and features: what is looked through is what is there


def test_a_decision_is_asked_for_by_the_raw_id_and_written_down_under_the_pseudonym(
    written: Written,
) -> None:
    assert [decided.customer_id for decided in written.decided] == written.ids[:10]
    table = open_decisions(written.shop)
    (rows,) = table.rows(100)
    table.close()
    accounts = {row.decision_id: row.account for row in rows}
    assert accounts == {
        decided.decision_id: _expected(SECRET, decided.customer_id)
        for decided in written.decided
        if decided.status == "ok"
    }


def test_neither_does_the_key(written: Written) -> None:
    pads = [bytes(b ^ pad for b in SECRET.encode()) for pad in (0x36, 0x5C)]
    keys = [SECRET.encode(), *pads, *(pad.hex().encode() for pad in pads)]
    assert not [n for n, content in _contents(written) if any(k in content for k in keys)]


def test_what_spills_over_is_encrypted(written: Written) -> None:
    query = "SELECT current_setting('temp_file_encryption')"
    assert written.log.connection.execute(query).fetchall() == [(True,)]


def test_the_service_takes_raw_ids_and_answers_under_them(written: Written) -> None:
    predictor = load_predictor(written.shop, max_age_hours=1e6, expires_hours=24)
    known, other = written.ids[:2]
    asked = [known, "nobody", other, known, _expected(SECRET, known)]
    answers = predictor.predict(asked, predictor.store.info.data_cutoff).answers
    assert [answer.customer_id for answer in answers] == asked
    assert answers[0] == answers[3]
    # a pseudonym is nobody's id: who has a list of them cannot ask by it
    assert [a.status == "unknown_customer" for a in answers] == [False, True, False, False, True]
