"""Wrong arguments are refused with a sentence that names the argument and its value."""

from decimal import Decimal

from mfbook import _validation
from mfbook.exceptions import DataError, TrainingError
import numpy as np
import pandas as pd
import pytest


@pytest.mark.parametrize(
    ("user_idx", "item_idx", "message"),
    [
        ([0, 1], [0], r"user_idx has shape \(2,\) and item_idx has shape \(1,\)"),
        ([[0]], [[0]], "they must be two vectors of the same length"),
        (0, 0, r"user_idx has shape \(\)"),
        ([0.0], [0], "user_idx has the type float64; indices must be whole numbers"),
        ([0], ["a"], "item_idx has the type <U1"),
        ([0, 3], [0, 0], r"user_idx\[1\] is 3, but this table has 3 rows \(0 to 2\)"),
        ([0, 0], [0, -1], r"item_idx\[1\] is -1, but this table has 2 rows"),
    ],
)
def test_wrong_indices(user_idx, item_idx, message):
    with pytest.raises(ValueError, match=message):
        _validation.check_indices(user_idx, item_idx, n_users=3, n_items=2)


@pytest.mark.parametrize("user_idx", [[], [0, 2], np.array([2], np.int32), np.array([1], np.uint8)])
def test_correct_indices(user_idx):
    _validation.check_indices(user_idx, np.zeros(len(user_idx), int), n_users=3, n_items=2)


@pytest.mark.parametrize("size", [0, -1, 2.0, "3", None, True])
def test_wrong_size(size):
    with pytest.raises(ValueError, match=r"hidden is .* a whole number, 1 or more"):
        _validation.check_sizes(k=np.int64(3), hidden=size)


@pytest.mark.parametrize("value", [0, -0.1, np.nan, "1", None, True])
def test_not_positive(value):
    with pytest.raises(ValueError, match=r"reg is .* greater than 0"):
        _validation.check_positive(reg_bias=np.float32(0.1), reg=value)


def test_fitted():
    class Model:
        mean = None

    with pytest.raises(ValueError, match=r"This Model has not been fitted\. Call fit first"):
        _validation.check_fitted(Model(), "mean")
    model = Model()
    model.mean = np.zeros(3)
    _validation.check_fitted(model, "mean")


def test_exceptions_are_value_errors():
    assert issubclass(DataError, ValueError)
    assert issubclass(TrainingError, ValueError)


def test_numbers_of_any_kind():
    for values in ([1, 2.5], (1, 2.5), np.float16([1, 2.5]), np.array([1, Decimal("2.5")], object)):
        numbers = _validation.as_numbers(values, "x")
        assert numbers.dtype == float and numbers.tolist() == [1, 2.5]
    assert _validation.as_numbers([], "x").shape == (0,)
    assert _validation.as_numbers(7, "x").shape == ()


@pytest.mark.parametrize("values", ["7", b"7", True, None, pd.Timestamp(0), 1j, pd.NA, [[1], "a"]])
def test_what_are_no_numbers(values):
    with pytest.raises(ValueError, match=r"x.* is .*, which is not a number|x cannot be read"):
        _validation.as_numbers(np.array([[values]], object) if values is pd.NA else values, "x")


@pytest.mark.parametrize("value", [-(10**5000), "a" * 1000, np.zeros((9, 9))], ids=type)
def test_values_that_are_long_are_not_written_out(value):
    with pytest.raises(ValueError, match=r"^size is a value of the type \w+; it must"):
        _validation.check_sizes(size=value)
    with pytest.raises(DataError, match="fraction is a value of the type"):
        _validation.check_fraction(value)


def test_memory_is_checked_in_bytes():
    _validation.check_memory(2 * 10**9, "A table", "Make it smaller.")
    with pytest.raises(
        ValueError, match=r"A table would take 2.5 GB of memory; .* Make it smaller"
    ):
        _validation.check_memory(25 * 10**8, "A table", "Make it smaller.")


@pytest.mark.parametrize("flag", ["yes", 1, None, [True]])
def test_flags_are_true_or_false(flag):
    _validation.check_flags(fill=np.bool_(True))
    with pytest.raises(ValueError, match=r"fill is .*; it must be True or False"):
        _validation.check_flags(fill=flag)


def test_masked_values_are_refused_wherever_an_array_is_read():
    masked = np.ma.array([0, 1], mask=[False, True])
    with pytest.raises(ValueError, match="user_idx has masked values"):
        _validation.check_indices(masked, [0, 0], 2, 2)


def test_indices_are_neither_spans_of_time_nor_checked_where_there_are_none():
    with pytest.raises(ValueError, match="user_idx has the type timedelta64"):
        _validation.check_indices(np.array([1], "m8[s]"), [0], 2, 2)
    _validation.check_indices(np.array([], str), [], 2, 2)


@pytest.mark.parametrize("array", [[[1.0]], np.ones(2), np.ones((2, 3)), np.array([["a"]])])
def test_array_of_another_shape_or_type(array):
    with pytest.raises(ValueError, match=r"table .*; it must be a NumPy array of numbers of the"):
        _validation.check_shape(array, "table", "n", 2)


def test_a_table_of_any_size_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="the limit is 2 GB"):
        _validation.check_memory(10**400, "A table", "Make it smaller.")
