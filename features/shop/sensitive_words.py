"""What is kept out of features and reasons: categories and attributes that are too personal.

A category such as a pregnancy test would tell a marketer, or a model, what nobody has agreed
to tell. The words are matched in the names, at the beginning of a word, in lower case.
"""

import re
from collections.abc import Iterable

from features.shop.settings_file import SensitiveSection

# Health, pregnancy, intimacy, religion, politics, ethnicity, orientation, minors, in a few of the
# languages that shops write: beginnings of words, `$` where the word must end there.
SENSITIVE_WORDS: tuple[str, ...] = tuple(
    """
    health medic pharma diabet disab disease cancer hiv$ incontinen ostomy therap addict depress
    fertil ovulat pregnan maternit contracep condom abortion menopaus menstru
    intimate intimacy sexual sex$ erotic porn
    relig church islam muslim christian jewish judais hindu buddh kosher$ halal$ bible quran
    politic voter voting
    ethnic race$ racial nationality migrant
    orientation gay$ lesbian lgbt transgender gender$
    minors$ child kid$ kids$ baby babies infant toddler teen
    zdrow leki$ aptek ciąż ciaz antykoncep polity etnicz orientacj dzieck dziec niemowl
    gesund arznei schwanger verhüt politisch kinder säugling
    """.split()
)


def find_sensitive_names(names: Iterable[str], settings: SensitiveSection) -> dict[str, str]:
    """Find the sensitive names among categories or attributes.

    Parameters
    ----------
    settings : SensitiveSection
        Words of the shop's own, and names that it lets in all the same.

    Returns
    -------
    dict of str to str
        Sensitive name -> the word that was found in it.

    >>> sensitive_names(["Pregnancy tests", "Coffee", "attr_religion"], SensitiveSection())
    {'Pregnancy tests': 'pregnan', 'attr_religion': 'relig'}
    """
    allowed = {name.casefold() for name in settings.allow}
    words = "|".join(_pattern(word) for word in (*SENSITIVE_WORDS, *settings.words))
    pattern = re.compile(rf"(?<![^\W_])(?:{words})")
    found = {}
    for name in names:
        match = pattern.search(name.casefold())
        if match is not None and name.casefold() not in allowed:
            found[name] = match.group()
    return found


def _pattern(word: str) -> str:
    """Match at the beginning of a word; with `$` the whole word. An underscore parts words too."""
    ends = r"(?![^\W_])" if word.endswith("$") else ""
    return re.escape(word.removesuffix("$").casefold()) + ends
