"""Blocks hold every rating once, and every row is solved as NumPy would solve it by itself."""

from mfbook import least_squares
from mfbook.exceptions import TrainingError
from mfbook.least_squares import (
    design_table,
    normal_equations,
    rating_blocks,
    solve,
    solve_rows,
)
import numpy as np
import pytest


def held(blocks, n_columns):
    """Return the ratings in the blocks as sorted triples; padding must stand last and be 0."""
    found = []
    for rows, columns, centered in blocks:
        assert (columns.dtype, centered.dtype) == (np.int32, np.float32)
        is_rating = columns < n_columns
        assert (columns[~is_rating] == n_columns).all()
        assert (centered[~is_rating] == 0).all()
        assert (np.diff(is_rating.astype(int), axis=1) <= 0).all()
        row = np.broadcast_to(rows[:, None], columns.shape)
        found += zip(*(part[is_rating].tolist() for part in (row, columns, centered)), strict=True)
    return sorted(found)


def some_ratings(counts, n_columns=50, seed=0):
    """Return shuffled index pairs with the given counts of ratings by row, and values not 0."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    values = rng.integers(1, 1000, len(rows)) / 1000
    return rows, rng.integers(0, n_columns, len(rows)), values.astype(np.float32)


@pytest.fixture
def many_blocks(monkeypatch):
    """Make blocks small, and solve few systems at a time."""
    for name, size in {"SMALL_BLOCK": 40, "LARGE_BLOCK": 600, "SOLVED_AT_ONCE": 300}.items():
        monkeypatch.setattr(least_squares, name, size)


@pytest.mark.parametrize(
    "counts",
    [
        [3, 1, 2],
        [0, 4, 0, 0, 1, 0],
        [17],
        [0],
        [0, 0, 0],
        [1] * 300,
        [400, 1, 0, 1, 2],
        [int(300 / (1 + row)) for row in range(200)],
    ],
)
@pytest.mark.parametrize("small", [False, True])
def test_blocks_hold_every_rating_and_every_row_once(counts, small, request):
    if small:
        request.getfixturevalue("many_blocks")
    ratings = some_ratings(counts)
    blocks = rating_blocks(*ratings, (len(counts), 50), k=3)
    assert held(blocks, 50) == sorted(zip(*(part.tolist() for part in ratings), strict=True))
    rows = np.concatenate([block.rows for block in blocks])
    assert sorted(rows) == list(range(len(counts)))
    assert (np.diff(np.array(counts)[rows]) >= 0).all()


def test_the_order_of_the_ratings_does_not_matter():
    ratings = some_ratings([5, 0, 9, 2])
    for order in (np.argsort(ratings[0]), np.argsort(-ratings[0]), np.lexsort(ratings)):
        again = rating_blocks(*(part[order] for part in ratings), (4, 50))
        assert held(again, 50) == held(rating_blocks(*ratings, (4, 50)), 50)


def test_ratings_of_a_row_keep_their_order():
    [block] = rating_blocks([1, 0, 1, 1], [7, 5, 3, 4], [1, 2, 3, 4], (2, 9))
    assert block.columns.tolist() == [[5, 9, 9], [7, 3, 4]]
    assert block.centered.tolist() == [[2, 0, 0], [1, 3, 4]]


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint64", "uint32", "uint8"])
def test_indices_of_any_type_and_arrays_with_gaps(dtype):
    rows, columns, values = some_ratings([5, 0, 9, 2])
    expected = held(rating_blocks(rows, columns, values, (4, 50)), 50)
    with_gaps = np.repeat(np.column_stack([rows, columns]).astype(dtype), 2, axis=0)[::2]
    assert not with_gaps[:, 0].flags.c_contiguous
    blocks = rating_blocks(*with_gaps.T, np.repeat(values.astype(float), 3)[::3], (4, 50))
    assert held(blocks, 50) == expected
    assert held(rating_blocks(rows.tolist(), columns.tolist(), values, (4, 50)), 50) == expected


@pytest.mark.parametrize("column", [-1, 2, 10**6])
def test_ratings_outside_their_table_are_refused(column):
    with pytest.raises(ValueError, match=rf"item_idx\[0\] is {column}, but this table has 2 rows"):
        rating_blocks([0], [column], [1.0], shape=(2, 2))


def uneven_counts():
    """Return the counts of 4,000 rows: most are short, and a few hold thousands of ratings."""
    return (20 + 5000 * np.random.default_rng(0).random(4000) ** 12).astype(int)


def test_padding_is_at_most_a_quarter_where_blocks_are_not_small():
    blocks = rating_blocks(*some_ratings(uneven_counts()), (4000, 50), k=2)
    large = [block for block in blocks if block.columns.size > least_squares.SMALL_BLOCK]
    assert len(large) > 5
    for block in large:
        assert block.columns.size <= 1.25 * (block.columns < 50).sum()


def test_a_few_short_rows_are_one_block():
    """Although some are much longer than others: that costs less than more calls."""
    assert len(rating_blocks(*some_ratings(range(1, 80)), (79, 50))) == 1


@pytest.mark.parametrize("k", [1, 8, 64, 200])
def test_blocks_stay_within_the_budget(k):
    blocks = rating_blocks(*some_ratings(uneven_counts()), (4000, 50), k=k)
    sizes = [len(b.rows) * max(b.columns.shape[1], k + 2) * (k + 2) for b in blocks]
    assert max(sizes) <= least_squares.LARGE_BLOCK
    assert max(sizes) > least_squares.LARGE_BLOCK / 10


def test_rows_whose_equations_exceed_the_budget_are_blocks_of_their_own():
    assert len(rating_blocks([0], [0], [1.0], (3, 1), k=2000)) == 3


def test_a_row_longer_than_the_budget_is_a_block_of_its_own(many_blocks):
    counts = [700, 2, 3, 700, 2]
    blocks = rating_blocks(*some_ratings(counts), (5, 50), k=1)
    assert [block.rows.tolist() for block in blocks] == [[1, 4, 2], [0], [3]]


@pytest.mark.parametrize("largest", [2**16, 2**16 + 1, 2**20, 2**31])
def test_the_order_is_stable_beyond_16_bits(largest):
    rows = np.random.default_rng(0).integers(0, largest, 30_000)
    rows[::3] = rows[0]
    rows[1::7] = largest - 1
    for dtype in (np.int64, np.int32):
        order = least_squares._stable_order(rows.astype(dtype))
        assert (order == np.argsort(rows, kind="stable")).all()


# --- the equations and their solutions -----------------------------------------------------------

# Means far from 0, and a full matrix, so that every part of the formula matters.
PRECISION = np.array([[2.0, 0.5, 0.3], [0.5, 3.0, 0.0], [0.3, 0.0, 4.0]])
COUNTS = [0, 1, 30, 2, 0, 7, 4, 60, 3, 3, 12, 0] * 5


def equations(ratings, n_rows, other):
    """Yield the sums of each row, of double precision, by their formula."""
    rows, columns, values = ratings
    v = np.column_stack([other[:, :-1], np.ones(len(other))]).astype(float)
    for row in range(n_rows):
        rated = columns[rows == row]
        rest = values[rows == row].astype(float) - other[rated, -1]
        yield v[rated].T @ v[rated], v[rated].T @ rest


@pytest.fixture
def problem():
    """Return uneven ratings by 60 rows, some without any, and the factors of the other side."""
    return some_ratings(COUNTS), np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)


def test_equations_are_sums_over_what_a_row_has_rated(problem, many_blocks):
    ratings, other = problem
    expected = list(equations(ratings, 60, other))
    blocks, table = rating_blocks(*ratings, (60, 50), k=2), design_table(other)
    assert len(blocks) > 5
    for block in blocks:
        left, right = normal_equations(block, table)
        assert left == pytest.approx(np.array([expected[row][0] for row in block.rows]), abs=1e-4)
        assert right == pytest.approx(np.array([expected[row][1] for row in block.rows]), abs=1e-4)


def test_a_table_ends_with_zeros_for_the_padding():
    table = design_table(np.array([[0.1, 0.2, -0.5], [0.3, 0.4, 0.5]]))
    assert table == pytest.approx(np.array([[0.1, 0.2, 1, -0.5], [0.3, 0.4, 1, 0.5], [0] * 4]))


MEANS = {
    "none": None,
    "one": np.array([[1.0, -1.0, 0.5]]),
    "each": np.random.default_rng(2).normal(2, 1, (60, 3)),
}


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("noise_precision", [1.0, 1.5])
@pytest.mark.parametrize("small", [False, True])
def test_rows_are_solved_as_one_by_one(problem, means, noise_precision, small, request):
    """A = αG + Λ and c = αg + Λm."""
    if small:
        request.getfixturevalue("many_blocks")
    ratings, other = problem
    mean = MEANS[means]
    shift = np.zeros((60, 3)) if mean is None else np.broadcast_to(mean, (60, 3)) @ PRECISION
    expected = [
        np.linalg.solve(noise_precision * left + PRECISION, noise_precision * right + shift[row])
        for row, (left, right) in enumerate(equations(ratings, 60, other))
    ]
    solved = solve_rows(
        rating_blocks(*ratings, (60, 50), k=2),
        other,
        PRECISION,
        prior_mean=mean,
        noise_precision=noise_precision,
    )
    assert solved.dtype == np.float32
    assert solved == pytest.approx(np.array(expected), abs=1e-4)


def test_many_factors_are_solved_as_one_by_one():
    ratings, k = some_ratings([0, 5, 90, 200, 33, 400], n_columns=300), 40
    other = np.random.default_rng(0).normal(0, 0.3, (300, k + 1)).astype(np.float32)
    solved = solve_rows(rating_blocks(*ratings, (6, 300), k), other, 2 * np.eye(k + 1))
    for row, (left, right) in enumerate(equations(ratings, 6, other)):
        expected = np.linalg.solve(left + 2 * np.eye(k + 1), right)
        assert solved[row] == pytest.approx(expected, abs=1e-4)


def test_rows_without_ratings_have_the_mean_of_their_prior():
    blocks = rating_blocks([1], [0], [0.5], (4, 2))
    other, mean = np.ones((2, 3), np.float32), np.arange(12.0).reshape(4, 3)
    solved = solve_rows(blocks, other, PRECISION, prior_mean=mean, noise_precision=3.0)
    assert solved[[0, 2, 3]] == pytest.approx(mean[[0, 2, 3]], abs=1e-5)
    assert not np.allclose(solved[1], mean[1], atol=0.1)
    assert not solve_rows(blocks, other, PRECISION)[[0, 2, 3]].any()


def systems(n, width, seed=0):
    """Return n positive definite matrices, right-hand sides, and standard normal numbers."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n, width, width + 2))
    return roots @ roots.transpose(0, 2, 1) + np.eye(width), *rng.normal(size=(2, n, width))


@pytest.mark.parametrize(("n", "width"), [(1, 1), (7, 3), (500, 9), (3, 60)])
@pytest.mark.parametrize("at_once", [None, 1, 400])
def test_systems_are_solved_as_numpy_solves_them(n, width, at_once, monkeypatch):
    if at_once:
        monkeypatch.setattr(least_squares, "SOLVED_AT_ONCE", at_once)
    left, right, _ = systems(n, width)
    before = left.copy(), right.copy()
    solved = solve(left, right)
    assert solved.dtype == np.float32
    assert solved == pytest.approx(np.linalg.solve(left, right[:, :, None])[:, :, 0], abs=1e-4)
    assert (left == before[0]).all()
    assert (right == before[1]).all()


@pytest.mark.parametrize("at_once", [None, 1, 400])
def test_noise_is_added_with_the_inverse_of_the_root(at_once, monkeypatch):
    """A draw is A⁻¹ b + L⁻ᵀ z, each row with its own z."""
    if at_once:
        monkeypatch.setattr(least_squares, "SOLVED_AT_ONCE", at_once)
    left, right, noise = systems(200, 4)
    before, drawn = noise.copy(), solve(left, right, noise)
    for a, b, z, x in zip(left, right, noise, drawn, strict=True):
        expected = np.linalg.solve(a, b) + np.linalg.solve(np.linalg.cholesky(a).T, z)
        assert x == pytest.approx(expected, abs=1e-4)
    assert (noise == before).all()


def test_draws_have_the_mean_and_the_covariance_of_the_posterior():
    """40,000 rows with the same three ratings: as many draws from one distribution."""
    n, other = 40_000, np.array([[1.0, 0.2, 0.3], [-0.5, 1.5, -0.2]], np.float32)
    rows, columns = np.repeat(np.arange(n), 3), np.tile([0, 1, 1], n)
    values = np.tile(np.array([0.5, -1.0, 2.0], np.float32), n)
    drawn = solve_rows(
        rating_blocks(rows, columns, values, (n, 2), k=2),
        other,
        PRECISION,
        prior_mean=np.array([[1.0, -1.0, 0.5]]),
        noise_precision=1.5,
        rng=np.random.default_rng(0),
    )
    [(left, right)] = equations((rows[:3], columns[:3], values[:3]), 1, other)
    left, right = 1.5 * left + PRECISION, 1.5 * right + PRECISION @ [1.0, -1.0, 0.5]
    assert drawn.mean(axis=0) == pytest.approx(np.linalg.solve(left, right), abs=0.01)
    assert np.cov(drawn.T) == pytest.approx(np.linalg.inv(left), abs=0.01)
    assert len(np.unique(drawn, axis=0)) > 0.99 * n


@pytest.mark.parametrize(
    "wrong", [[[1, 2], [2, 1]], [[0, 0], [0, 1]], [[1, 1], [1, 1]], [[-1, 0], [0, -1]]]
)
@pytest.mark.parametrize("at_once", [None, 12])
def test_matrices_that_are_not_positive_definite(wrong, at_once, monkeypatch):
    if at_once:
        monkeypatch.setattr(least_squares, "SOLVED_AT_ONCE", at_once)
    left = np.tile(np.eye(2), (5, 1, 1))
    left[4] = wrong
    with pytest.raises(TrainingError, match=r"not positive definite\. Make the penalty .* larger"):
        solve(left, np.ones((5, 2)))
    left[4] = np.nan
    with pytest.raises(TrainingError, match="not positive definite"):
        solve(left, np.ones((5, 2)))


def test_a_shape_with_more_cells_than_any_array_holds():
    rng = np.random.default_rng(0)
    n_rows, n_columns, n = 162_500, 59_000, 5000
    ratings = rng.integers(0, n_rows, n), rng.integers(0, n_columns, n), np.ones(n, np.float32)
    blocks = rating_blocks(*ratings, (n_rows, n_columns), k=2)
    assert sum(block.columns.size for block in blocks) < 2 * n_rows
    solved = solve_rows(blocks, np.zeros((n_columns, 3)), np.eye(3))
    counts = np.bincount(ratings[0], minlength=n_rows)
    assert np.abs(solved[:, 2] - counts / (counts + 1)).max() < 1e-5


def test_as_many_ratings_as_indices():
    for ratings in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match=rf"There are 2 indices and {len(ratings)} ratings"):
            least_squares.rating_blocks([0, 1], [0, 0], ratings, (2, 1))


def test_arguments_that_do_not_fit_each_other_are_named():
    blocks = rating_blocks([0, 1, 1], [2, 0, 2], [0.5, -1, 0.5], (2, 3))
    other, eye = np.zeros((3, 2)), np.eye(2)
    for call, name in (
        (lambda: solve_rows(None, other, eye), "blocks is None"),
        (lambda: solve_rows(blocks, [[0.0, 0.0]], eye), "other is"),
        (lambda: solve_rows(blocks, other, np.eye(3)), "prior_precision has the shape"),
        (
            lambda: solve_rows(blocks, other, eye, prior_mean=np.zeros((3, 2))),
            "prior_mean has 3 rows",
        ),
        (lambda: solve_rows(blocks, other, eye, noise_precision=None), "noise_precision is None"),
        (lambda: solve_rows(blocks, other, eye, rng=0), "rng is 0"),
        (lambda: least_squares.design_table(np.zeros(3)), "other has the shape"),
        (lambda: normal_equations(None, np.zeros((4, 3))), "block is None"),
        (lambda: normal_equations(blocks[0], np.zeros((3, 3))), "at least 4 rows"),
        (lambda: least_squares.solve(np.eye(2), np.ones((1, 2))), "left has the shape"),
        (lambda: rating_blocks([0], [0], ["a"], (1, 1)), "centered"),
        (lambda: rating_blocks([0], [0], [1.0], 3), "shape is 3"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
