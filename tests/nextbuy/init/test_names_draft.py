"""Files of any shape, mapped by the names of their columns and by what stands in them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import parse_shop
from nextbuy.init.given_tables import look_at
from nextbuy.init.names_draft import draft_from_names
from nextbuy.init.question import Answering, Proposals, Question
from nextbuy.init.settled_shop import settle_shop
from nextbuy.init.shop_draft import render_shop


class Answers:
    """Gives the answers of a list, and remembers the questions."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.asked = list(answers), list[Question]()

    def choose(self, question: Question) -> int:
        self.asked.append(question)
        return self.answers.pop(0)


def _read(folder: Path, answering: Answering, files: dict[str, str]) -> Log:
    for name, text in files.items():
        (folder / name).write_text(text)
    names = [str(folder / name) for name in files]
    draft = draft_from_names(look_at(names, folder, None), {}, answering)
    path = folder / "nextbuy.toml"
    text = settle_shop(render_shop(draft), path, answering)
    assert not (folder / ".nextbuy").exists()
    return read_log(parse_shop(text, path))


def _orders(log: Log, columns: str = "order_id, customer_id, amount") -> Sequence[tuple]:
    rows = log.fetch(f"SELECT {columns} FROM orders ORDER BY order_id")
    log.close()
    return rows


def test_a_line_file_gives_orders_and_lines_without_returns_and_nameless_ones(
    tmp_path: Path,
) -> None:
    lines = """\
Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
536365,85123A,HEART,6,01/13/2010 08:26,2.55,17850,United Kingdom
536365,71053,LANTERN,2,01/13/2010 08:26,3.00,17850,United Kingdom
C536379,D,Discount,-1,01/14/2010 09:41,27.50,14527,United Kingdom
536380,22961,JAM,24,01/14/2010 09:41,1.45,,United Kingdom
536381,22961,JAM,10,02/01/2010 09:41,1.45,17850,United Kingdom
"""
    answers = Proposals()
    log = _read(tmp_path, answers, {"retail.csv": lines})
    assert log.fetch("SELECT count(*) FROM order_lines") == [(3,)]
    assert log.left_out["orders"] == {"no customer_id": 1, "amount below 0": 1}
    assert _orders(log) == [("536365", "17850", 2130), ("536381", "17850", 1450)]
    assert answers.asked == []


def test_formats_are_taken_from_the_values(tmp_path: Path) -> None:
    text = (
        "Bestellnummer;Kundennr;Bestelldatum;Betrag\n1;7;13.01.2025;1.000,50\n2;7;14.02.2025;2,00\n"
    )
    log = _read(tmp_path, Proposals(), {"bestellungen.txt": text})
    assert _orders(log) == [("1", "7", 100050), ("2", "7", 200)]


def test_a_date_that_can_be_read_in_two_ways_is_asked_for(tmp_path: Path) -> None:
    text = "order_id,customer_id,ordered_at,amount\n1,a,02/01/2025,1\n2,a,03/01/2025,1\n"
    answers = Answers(1)
    log = _read(tmp_path, answers, {"orders.csv": text})
    (asked,) = answers.asked
    assert "orders.ordered_at" in asked.text
    assert "'02/01/2025'" in asked.text
    assert _orders(log, "make_timestamp(ordered_at)::DATE::VARCHAR") == [
        ("2025-02-01",),
        ("2025-03-01",),
    ]


def test_no_order_id_and_no_amount_are_asked_for(tmp_path: Path) -> None:
    text = "card_no\tvisit_date\tprice\n1\t2025-01-01\t3\n1\t2025-01-01\t4\n2\t2025-01-02\t5\n"
    answers = Answers(1, 1)
    log = _read(tmp_path, answers, {"visits.tsv": text})
    assert [question.choices[-1] for question in answers.asked] == [
        "none: the shop only counts",
        "each row",
    ]
    assert _orders(log, "customer_id, amount") == [("1", None), ("1", None), ("2", None)]
    (tmp_path / "again").mkdir()
    log = _read(tmp_path / "again", Answers(0, 0), {"visits.tsv": text})
    assert _orders(log, "order_id, amount") == [("1/2025-01-01", 700), ("2/2025-01-02", 500)]


def test_columns_that_fit_alike_are_asked_for(tmp_path: Path) -> None:
    text = "order_id,customer_id,ordered_at,Total,Revenue\n1,a,2025-01-01,1,2\n2,a,2025-01-03,3,4\n"
    answers = Answers(1)
    assert _orders(_read(tmp_path, answers, {"orders.csv": text}), "amount") == [(200,), (400,)]
    assert answers.asked[0].choices == ("Total", "Revenue")


def test_several_files_are_told_apart_by_their_names_and_columns(tmp_path: Path) -> None:
    files = {
        "sales.csv": "invoice,email,date,total\n1,A@x.org,2025-01-01,1\n2,a@x.org,2025-01-05,2\n",
        "articles.csv": "product_id,category,brand\nx,mugs,y\n",
        "consents.csv": "customer_id,scope,granted,changed_at\na@x.org,email,true,2025-01-01\n",
        "notes.csv": "a,b\n1,2\n",
    }
    log = _read(tmp_path, Proposals(), files)
    assert log.provided.keys() == {"orders", "products", "consents"}
    assert _orders(log, "customer_id") == [("a@x.org",), ("a@x.org",)]  # addresses are folded


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "00001,19970101,1,11.77\n",
            r'a header.*columns = \["customer_id", "ordered_at", "amount"\]',
        ),
        ("customer_id,amount\na,1\n", r"orders\.ordered_at.*columns\.ordered_at = "),
        ("a,b\n1,2\n", r"orders\.(ordered_at|customer_id)"),
    ],
)
def test_what_cannot_be_mapped_is_one_error_that_names_the_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        _read(tmp_path, Proposals(), {"cdnow.txt": text})
