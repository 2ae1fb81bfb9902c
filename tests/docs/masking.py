"""How the output of a command is compared with what a page shows of it.

Masked on both sides: customer ids, hexadecimal ids, instants, dates and numbers, each with its
sign, thousands separators and decimals. Runs of blanks, and of the lines that draw tables, count
as one. Left out are progress bars, which are drawn while a command works, and empty lines.
"""

import json
import re
from typing import Any

_MASKS = (
    (re.compile(r"\bc-[0-9a-f]{12}\b"), "<customer>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)?"), "<instant>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?\b"), "<date>"),
    (re.compile(r"\b\d+-(?=[0-9a-f]{8}\b)[0-9a-f]{8}\b|\b[0-9a-f]{16,}\b"), "<id>"),
    (re.compile(r"\b\d\d-\d\d to \d\d-\d\d\b"), "<dates>"),
    (re.compile(r"(?<!\w)[+-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?"), "<n>"),
    (re.compile(r"[─━═┄]{2,}"), "-"),
    (re.compile(r"\s+"), " "),
)
_WIDTH = 96  # of JSON that is laid out
_PROGRESS = re.compile(r"━.* \d+:\d\d:\d\d\s*$")


def mask(text: str) -> str:
    """Mask one line or one string."""
    for pattern, mark in _MASKS:
        text = pattern.sub(mark, text)
    return text.strip()


def without_progress(text: str) -> str:
    """Leave out of a terminal's output what is drawn while a command works."""
    lines = [line.rstrip() for line in text.splitlines() if not _PROGRESS.search(line)]
    return "\n".join(lines)


def mask_lines(text: str) -> list[str]:
    """Mask the lines of a terminal's output."""
    lines = [mask(line) for line in without_progress(text).splitlines()]
    return [line for line in lines if line]


def contains(lines: list[str], part: list[str]) -> bool:
    """Say whether some lines stand in others, one after the other without a gap."""
    starts = range(len(lines) - len(part) + 1)
    return any(lines[start : start + len(part)] == part for start in starts)


def mask_json(value: Any) -> Any:
    """Mask a JSON value: numbers are 0, strings are masked; keys, true, false and null are kept."""
    if isinstance(value, dict):
        return {key: mask_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask_json(inner) for inner in value]
    if isinstance(value, str):
        return mask(value)
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def part_of(reply: Any, shape: Any) -> Any:
    """Take from a JSON value what another one shows: its keys, and as many items of each list.

    A key that the reply lacks is left out, so that the part differs from its shape. An empty
    object or list shows all of what stands there.
    """
    if shape in ({}, []):
        return reply
    if isinstance(reply, dict) and isinstance(shape, dict):
        return {key: part_of(reply[key], shape[key]) for key in shape if key in reply}
    if isinstance(reply, list) and isinstance(shape, list):
        return [part_of(one, like) for one, like in zip(reply, shape, strict=False)]
    return reply


def lay_out(value: Any, indent: int = 0, before: int = 0) -> str:
    """Write JSON for a page: what fits on a line on one, numbers to four digits.

    `before` is how much of the line is taken by what stands before the value.
    """
    line = json.dumps(_rounded(value), ensure_ascii=False)
    is_whole = indent == 0
    if not isinstance(value, dict | list) or (before + len(line) <= _WIDTH and not is_whole):
        return line
    inner = indent + 2
    if isinstance(value, dict):
        keys = {key: f"{' ' * inner}{json.dumps(key)}: " for key in value}
        items = [keys[key] + lay_out(one, inner, len(keys[key])) for key, one in value.items()]
    else:
        items = [" " * inner + lay_out(one, inner, inner) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + "\n" + " " * indent + closing


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
