"""Finds the best fixed order of arms, and what a choice for each customer brings beyond it."""

from itertools import permutations

import numpy as np

from features.arrays import Flags, Floats, Indices


def follow_order(order: Indices, eligible: Flags) -> Indices:
    """Return each customer's first eligible arm in one order for everybody.

    Parameters
    ----------
    order : int array (arms,)
        Arms, the most wanted first.
    eligible : bool array (n, arms)
        Which arms each customer may be given.

    Returns
    -------
    int array (n,)
        The chosen arm.
    """
    return np.asarray(order[eligible[:, order].argmax(axis=1)])


def value_of(p: Floats, chosen: Indices) -> float:
    """Return the mean chance of a purchase under a choice of an arm for each row."""
    return float(p[np.arange(len(p)), chosen].mean())


def find_best_order(p: Floats, eligible: Flags) -> Indices:
    """Return the fixed order of arms that brings the most.

    Parameters
    ----------
    p : array (n, arms)
        Chance of a purchase by arm.
    eligible : bool array (n, arms)
        Which arms each customer may be given; each may be given one at least.

    Returns
    -------
    int array (arms,)
        Arms, the most wanted first.
    """
    sets, members = np.unique(eligible, axis=0, return_inverse=True)
    counts = np.bincount(members.ravel(), minlength=len(sets))
    sums = np.column_stack([np.bincount(members.ravel(), column, len(sets)) for column in p.T])
    orders = [np.array(order) for order in permutations(range(p.shape[1]))]
    rows = np.arange(len(counts))
    return max(orders, key=lambda order: sums[rows, follow_order(order, sets)].sum())


def best_choice(p: Floats, eligible: Flags) -> Indices:
    """Return each customer's best eligible arm: int array (n,)."""
    return np.asarray(np.where(eligible, p, -np.inf).argmax(axis=1))


def gain_over_order(p: Floats, eligible: Flags, chosen: Indices) -> float:
    """Return how much more than the best fixed order a choice brings, in % of its purchases.

    Parameters
    ----------
    p : array (n, arms)
        Chance of a purchase by arm.
    eligible : bool array (n, arms)
        Which arms each customer may be given.
    chosen : int array (n,)
        The chosen arm of each row.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        A chosen arm is not eligible.
    """
    if not eligible[np.arange(len(p)), chosen].all():
        raise ValueError("an arm was chosen that is not eligible")
    fixed = value_of(p, follow_order(find_best_order(p, eligible), eligible))
    return 100 * (value_of(p, chosen) / fixed - 1)
