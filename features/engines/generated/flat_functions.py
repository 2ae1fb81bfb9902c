"""Functions that the generated source calls: groups, order and statistics in flat arrays.

They are in the same part of Python as the generated source. A customer's rows lie in regions of
one array, and `first` says where a region begins. The table of groups is one of open addressing
with linear probing (Knuth, The Art of Computer Programming, vol. 3, section 6.4); rows are put in
order by Shell's method with the gaps 1, 4, 13, 40, ... (section 5.2.1), which is quick where they
are nearly in order, as rows of a log are.
"""

from collections.abc import Callable, MutableSequence
from math import nan, sqrt
from typing import Any

Rows = MutableSequence[float]
Numbers = MutableSequence[int]


def find_group(
    index: Numbers, table: int, mask: int, numbers: int, rows: Rows, keys: int, used: int, key: Any
) -> int:
    """Return the number of a key's group; a new key becomes the group number `used`.

    Parameters
    ----------
    index : int array
        The table of groups, and where in it each group stands.
    table, numbers : int
        Where in `index` these two begin.
    mask : int
        Number of places of the table less one; the number is a power of 2.
    rows : array
        The keys of the groups.
    keys : int
        Where in `rows` they begin.
    used : int
        How many groups there are.
    key : whole number or code of a text
        The key.
    """
    place = (int(key) * 0x9E3779B1 >> 7) & mask
    while index[table + place] > 0:
        group = index[table + place] - 1
        if rows[keys + group] == key:
            return group
        place = (place + 1) & mask
    index[table + place] = used + 1
    index[numbers + used] = place
    rows[keys + used] = key
    return used


def find_group_of_two(
    index: Numbers,
    table: int,
    mask: int,
    numbers: int,
    rows: Rows,
    keys: int,
    others: int,
    used: int,
    key: Any,
    other: Any,
) -> int:
    """Return the number of the group of two keys, as `find_group` does of one."""
    place = (int(key) * 0x9E3779B1 + int(other) * 0x85EBCA6B >> 7) & mask
    while index[table + place] > 0:
        group = index[table + place] - 1
        if rows[keys + group] == key and rows[others + group] == other:
            return group
        place = (place + 1) & mask
    index[table + place] = used + 1
    index[numbers + used] = place
    rows[keys + used] = key
    rows[others + used] = other
    return used


def forget_groups(index: Numbers, table: int, numbers: int, used: int) -> None:
    """Take all groups out of their table, so that the next customer finds it empty."""
    for group in range(used):
        index[table + index[numbers + group]] = 0


def sort_rows(index: Numbers, numbers: int, rows: Rows, keys: int, used: int) -> None:
    """Write the numbers of rows in the order of their keys; equal ones stay in their order.

    Parameters
    ----------
    index : int array
        Gets the row numbers, from `numbers` on.
    rows : array
        The keys, from `keys` on; none is missing.
    used : int
        How many rows there are.
    """
    gap = 0
    for row in range(used):
        index[numbers + row] = row
        if row > 0 and rows[keys + row] < rows[keys + row - 1]:
            gap = 1
    while 0 < gap < used // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for last in range(gap, used):
            row = index[numbers + last]
            key, place = rows[keys + row], last
            while place >= gap:
                before = index[numbers + place - gap]
                if rows[keys + before] < key or (rows[keys + before] == key and before < row):
                    break
                index[numbers + place] = before
                place -= gap
            index[numbers + place] = row
        gap //= 3


def median(rows: Rows, first: int, used: int) -> float:
    """Compute the median of some values, which are put in order; NaN of none."""
    if used == 0:
        return nan
    gap = 1
    while gap < used // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for last in range(gap, used):
            value, place = rows[first + last], last
            while place >= gap and rows[first + place - gap] > value:
                rows[first + place] = rows[first + place - gap]
                place -= gap
            rows[first + place] = value
        gap //= 3
    low, high = rows[first + (used - 1) // 2], rows[first + used // 2]
    return low + (high - low) * 0.5


def std(rows: Rows, first: int, used: int) -> float:
    """Compute the standard deviation of a sample; NaN of fewer than two values."""
    if used < 2:
        return nan
    total = 0.0
    for place in range(used):
        total += rows[first + place]
    mean, squares = total / used, 0.0
    for place in range(used):
        squares += (rows[first + place] - mean) * (rows[first + place] - mean)
    return sqrt(squares / (used - 1))


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    find_group,
    find_group_of_two,
    forget_groups,
    sort_rows,
    median,
    std,
)
