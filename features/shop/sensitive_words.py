"""Words that mark a category or attribute as too personal for features and reasons.

A category such as a pregnancy test would tell a marketer, or a model, what nobody has agreed
to tell. Words are compared with names in lower case, from the beginning of a word on.
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
    """Return the names of categories or attributes that are sensitive.

    Parameters
    ----------
    names : iterable of str
        Names of categories or attributes.
    settings : SensitiveSection
        Further words of the shop, and names that it allows although a word is in them.

    Returns
    -------
    dict of str to str
        Sensitive name -> the word that makes it so, as it stands in the name.

    Examples
    --------
    >>> find_sensitive_names(["Pregnancy tests", "Coffee", "attr_religion"], SensitiveSection())
    {'Pregnancy tests': 'pregnan', 'attr_religion': 'relig'}
    """
    allowed = {name.casefold() for name in settings.allow}
    words = "|".join(_pattern(word) for word in (*SENSITIVE_WORDS, *settings.words))
    pattern = re.compile(rf"(?<![^\W_])(?:{words})")
    sensitive = {}
    for name in names:
        match = pattern.search(name.casefold())
        if match is not None and name.casefold() not in allowed:
            sensitive[name] = match.group()
    return sensitive


def _pattern(word: str) -> str:
    """Return the regular expression of a listed word: a beginning, or with `$` a whole word.

    An underscore separates words, as a space does.
    """
    ends = r"(?![^\W_])" if word.endswith("$") else ""
    return re.escape(word.removesuffix("$").casefold()) + ends
