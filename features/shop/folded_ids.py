"""Folds customer ids: those that differ in their writing only, as of one address, become one.

The SQL that reads tables and the Python that reads posted rows and requests fold alike, which a
test checks for every character.
"""

import re
import unicodedata
from typing import Literal

Fold = Literal["none", "case", "plus_tag"]

_BLANK = r"[\s\p{Z}\p{Cf}]+"  # blanks of any kind, and characters that cannot be seen
_ASCII_BLANKS = "\t\n\f\r "  # what \s stands for in SQL
_TAG = r"\+[^@]*@"  # of an e-mail address: anna+shop@example.com


def fold_id(text: str, how: Fold) -> str:
    """Return a customer id as it is stored.

    Parameters
    ----------
    text : str
        The id as the shop writes it.
    how : {"none", "case", "plus_tag"}
        `none`: as it is. `case`: in lower case and Unicode's composed form (NFC), without blanks
        and characters that cannot be seen. `plus_tag`: also without what stands between a plus and
        the at sign of an e-mail address.

    Examples
    --------
    >>> fold_id(" Anna+Shop@Example.com ", "case"), fold_id("Anna+Shop@Example.com", "plus_tag")
    ('anna+shop@example.com', 'anna@example.com')
    """
    if how == "none":
        return text
    visible = "".join(char for char in text if not _is_blank(char))
    # as SQL does, character by character
    folded = "".join(char.lower()[0] for char in unicodedata.normalize("NFC", visible))
    return re.sub(_TAG, "@", folded, count=1) if how == "plus_tag" else folded


def fold_sql(text: str, how: Fold) -> str:
    """Return the SQL of a customer id as it is stored, as `fold_id` says; NULL stays NULL.

    Parameters
    ----------
    text : str
        SQL of the id as text.
    how : {"none", "case", "plus_tag"}
        As of `fold_id`.
    """
    if how == "none":
        return text
    folded = f"lower(nfc_normalize(regexp_replace({text}, '{_BLANK}', '', 'g')))"
    if how == "plus_tag":
        folded = f"regexp_replace({folded}, '{_TAG}', '@')"
    return f"nullif({folded}, '')"


def _is_blank(char: str) -> bool:
    return char in _ASCII_BLANKS or unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cf")
