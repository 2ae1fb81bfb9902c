"""Settles what the rows of a proposed shop leave open: formats, and rows that cannot be read."""

import tempfile
from pathlib import Path

import msgspec

from features.errors import Fault
from features.log.log import read_valid_tables
from features.setting_line import SettingLine
from features.shop.shop import parse_shop
from nextbuy.init.question import Answering, Question
from nextbuy.init.suggested_shop import add_lines

_ROUNDS = 6  # a column that can be read at last may have faults of its own


def settle_shop(text: str, path: Path, answering: Answering) -> str:
    """Add to proposed settings what their rows ask for, as far as a line of settings can help.

    Parameters
    ----------
    text : str
        The settings, in TOML.
    path : Path
        The file that they will be; nothing is written into its folder.
    answering : Answering
        Chooses where several lines could be meant, such as of dates that can be read in two ways.

    Returns
    -------
    str
        The settings with the lines added; what no line puts right is left to `nextbuy check`.
    """
    for _ in range(_ROUNDS):
        helped = [fault for fault in _find_faults(text, path) if fault.lines]
        if not helped:
            break
        text = add_lines(text, [_choose_line(fault, answering) for fault in helped])
    return text


def _find_faults(text: str, path: Path) -> list[Fault]:
    """Return the faults of the tables, read in a workspace of its own."""
    shop = parse_shop(text, path)
    with tempfile.TemporaryDirectory() as folder:
        section = msgspec.structs.replace(shop.section, workspace=folder)
        log, faults = read_valid_tables(msgspec.structs.replace(shop, section=section))
        log.close()
    return faults


def _choose_line(fault: Fault, answering: Answering) -> SettingLine:
    if len(fault.lines) == 1:
        return fault.lines[0]
    asked = f"{fault.where}: {', '.join(fault.examples)} could be read in several ways. Which one?"
    choices = tuple(line.line for line in fault.lines)
    return fault.lines[answering.choose(Question(asked, choices))]
