"""What the functions of this package take: arrays of bits, probabilities, budgets and weights, checked once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.problems.fields import LARGEST, LARGEST_INTEGER


def numbers(
    value: Any, field: str, low: float = 0.0, high: float = math.inf, *, open_low: bool = False, infinite: bool = False
) -> np.ndarray:
    """Return `value` as an array of doubles in the range, or raise `InputError` naming the first entry that is not.

    NaN never passes; infinity does only if `infinite`, and otherwise nothing beyond 1e100 either.
    """
    array = _array(value, field, "iuf", "numbers").astype(np.float64)
    outside = np.isnan(array) | (array <= low if open_low else array < low)
    outside |= array > (high if infinite else min(high, LARGEST))
    _refuse(array, outside, field, _range(low, high, open_low=open_low, infinite=infinite))
    return array


def budgets(value: Any, field: str = "epsilon", *, infinite: bool = True) -> np.ndarray:
    """Return privacy budgets ``eps > 0`` (nats per entry); infinity, where it passes, is the truth unperturbed."""
    array = _array(value, field, "iuf", "numbers").astype(np.float64)
    _refuse(array, np.isnan(array), field, "leave out workers for whom PRIMER finds no budget")
    return numbers(array, field, open_low=True, infinite=infinite)


def probabilities(value: Any, field: str) -> np.ndarray:
    """Return probabilities in [0, 1]."""
    return numbers(value, field, high=1.0)


def bits(value: Any, field: str) -> np.ndarray:
    """Return zeros and ones as an array of ``uint8``; booleans are taken, too."""
    array = _array(value, field, "biuf", "zeros and ones")
    _refuse(array, (array != 0) & (array != 1), field, "give 0 or 1")
    return array.astype(np.uint8)


def task_weights(value: Any, num_tasks: int, field: str = "weight") -> np.ndarray:
    """Return the weights ``omega_i >= 0`` of the tasks (5), not all zero; None: ``1/I`` each.

    They need not sum to 1, because (5) does not ask for it: the inference error is in their unit.
    """
    if value is None:
        return np.full(num_tasks, 1.0 / max(1, num_tasks))
    weight = numbers(value, field)
    if weight.shape != (num_tasks,):
        raise InputError(field, f"has shape {weight.shape}", f"give one weight for each of the {num_tasks} tasks")
    if num_tasks and not weight.any():
        raise InputError(field, "is all zeros: no error would count", "give some task a weight > 0")
    return weight


def per_worker(array: np.ndarray, num_workers: int, field: str) -> np.ndarray:
    """Return one number for each worker, from a scalar or from an array of that length."""
    if array.ndim and array.shape != (num_workers,):
        raise InputError(
            field, f"has shape {array.shape}", f"give one number, or one for each of {num_workers} workers"
        )
    return np.broadcast_to(array, (num_workers,))


def matrix(array: np.ndarray, field: str) -> np.ndarray:
    """Return an array of workers x tasks; a single vector is that of one worker."""
    if array.ndim not in (1, 2) or not array.shape[-1]:
        raise InputError(field, f"has shape {array.shape}", "give a matrix of workers x tasks, with at least one task")
    return np.atleast_2d(array)


def integer(value: Any, field: str, low: int = 0) -> int:
    """Return an integer >= `low`: an index or, with `low` 1, a count."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if not whole or not low <= value <= LARGEST_INTEGER:
        raise InputError(field, f"is {shown(value)}", f"give an integer from {low} to 2^62")
    return int(value)


def _array(value: Any, field: str, kinds: str, what: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        raise InputError(field, "has rows of unequal length", f"give an array of {what}") from None
    if array.dtype.kind not in kinds:
        raise InputError(field, f"is {shown(value)}", f"give an array of {what}")
    return array


def _refuse(array: np.ndarray, bad: np.ndarray, field: str, remedy: str) -> None:
    if np.any(bad):
        index = np.unravel_index(int(np.argmax(bad)), array.shape)
        place = ", ".join(map(str, index))
        raise InputError(f"{field}[{place}]" if place else field, f"is {shown(array[index])}", remedy)


def _range(low: float, high: float, *, open_low: bool, infinite: bool) -> str:
    if math.isfinite(high):
        return f"give a number in {'(' if open_low else '['}{low:g}, {high:g}]"
    return f"give a number {'>' if open_low else '>='} {low:g}{'' if infinite else f', at most {LARGEST:g}'}"
