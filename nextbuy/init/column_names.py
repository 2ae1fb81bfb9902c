"""Names under which other systems keep the columns of the contract, by how sure they are.

A name is compared without its case, blanks and signs. Each column has tiers of names: of the first
tier that a file has, one column is taken, or one has to be chosen where several fit.
"""

from collections.abc import Mapping, Sequence

from features.contract.tables import Table

Tiers = tuple[tuple[str, ...], ...]

_PERSON: Tiers = (
    ("customerid", "custid", "customeruniqueid"),
    (
        *("customerno", "customernumber", "customernr", "clientid", "clientno", "userid"),
        *("memberid", "householdid", "householdkey", "visitorid", "accountid", "personid"),
        *("shopperid", "cardid", "cardno", "cardnumber", "kundennummer", "kundennr", "kdnr"),
        *("idklienta", "klientid", "customer"),
    ),
    ("email", "emailaddress", "customeremail", "mail", "user", "client", "klient", "kunde"),
)
_ORDER: Tiers = (
    ("orderid", "idorder", "ordernumber", "orderno", "ordernr", "basketid", "transactionid"),
    (
        *("invoiceno", "invoiceid", "invoice", "invoicenumber", "receiptid", "receiptno"),
        *("bestellnummer", "rechnungsnummer", "belegnummer", "numerzamowienia", "reference"),
    ),
    ("order", "transaction", "bon", "zamowienie", "id", "no", "nr"),
)
_INSTANT: Tiers = (
    (
        *("orderedat", "orderdate", "ordertime", "orderdatetime", "orderpurchasetimestamp"),
        *("purchasedate", "purchasedat", "purchasetime", "invoicedate", "transactiondate"),
        *("transactiondt", "saledate", "bestelldatum", "datazamowienia", "visitdate"),
    ),
    ("createdat", "datecreated", "created", "eventtime", "timestamp", "datetime"),
    ("date", "time", "day", "datum", "data"),
)
# of one piece, or of the whole order where each has one
_PRICES = ("price", "unitprice", "saleprice", "subtotal", "preis", "cena")
_AMOUNT: Tiers = (
    ("amount", "amountpaid", "totalpaid", "orderamount", "ordertotal", "ordervalue"),
    (
        *("total", "totalamount", "totalprice", "grandtotal", "paid", "revenue", "sales"),
        *("salesvalue", "spend", "value", "betrag", "gesamtbetrag", "summe", "umsatz"),
        *("kwota", "wartosc", "turnover", "donation"),
    ),
    _PRICES,
)
_PRODUCT: Tiers = (
    ("productid", "sku", "stockcode", "itemid", "articleid", "productcode", "artikelnummer"),
    ("articleno", "ean", "asin", "product", "item", "article", "description"),
)
_QUANTITY: Tiers = (("quantity", "qty", "units", "pieces", "menge", "ilosc"),)
_PRICE: Tiers = (
    ("unitprice", "itemprice", "priceperunit"),
    ("price", "saleprice", "preis", "cena"),
)

# Of the orders all columns may be called otherwise; of other tables the ids.
_TIERS: Mapping[str, Tiers] = {
    "order_id": _ORDER,
    "customer_id": _PERSON,
    "ordered_at": _INSTANT,
    "amount": _AMOUNT,
    "product_id": _PRODUCT,
    "quantity": _QUANTITY,
    "unit_price": _PRICE,
    "discount": (("discountamount", "totaldiscount", "rabatt"),),
    "currency": (("currencycode", "waehrung", "waluta"),),
    "store": (("shop", "branch", "storeid", "filiale", "sklep"),),
}


def plain_name(name: str) -> str:
    """Return a name without case, blanks and signs.

    >>> plain_name("Customer ID")
    'customerid'
    """
    return "".join(char for char in name.lower() if char.isalnum())


def candidates(column: str, names: Sequence[str]) -> list[str]:
    """Return the columns of a file that could be a column of the contract.

    Parameters
    ----------
    column : str
        A column of the contract.
    names : sequence of str
        The columns of the file.

    Returns
    -------
    list of str
        Those of the first tier that the file has: one if it is certain, none where nothing fits.

    Examples
    --------
    >>> candidates("amount", ["Total", "Revenue", "Price"])
    ['Total', 'Revenue']
    """
    for tier in ((plain_name(column),), *_TIERS.get(column, ())):
        if fitting := [name for name in names if plain_name(name) in tier]:
            return fitting
    return []


def is_price(names: Sequence[str]) -> bool:
    """Tell whether columns that could be an amount could as well be the price of one piece."""
    return any(plain_name(name) in _PRICES for name in names)


def count_required(table: Table, names: Sequence[str]) -> int:
    """Count the required columns of a table that a file has; 0 where one of them is missing."""
    required = [column.name for column in table.columns if column.required]
    found = [name for name in required if candidates(name, names)]
    return len(found) if len(found) == len(required) else 0
