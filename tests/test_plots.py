"""Figures show the data they are given."""

import matplotlib as mpl
from mfbook import plots
from mfbook.training import History
import numpy as np
import pandas as pd
import pytest

mpl.use("agg")


@pytest.fixture(autouse=True)
def close():
    with mpl.rc_context():
        plots.style()
        yield
    mpl.pyplot.close("all")


def test_style_is_opaque():
    assert mpl.rcParams["figure.facecolor"] == mpl.rcParams["savefig.facecolor"] == "white"


def test_learning_curves():
    frame = pd.DataFrame({"epoch": [1, 2], "train_rmse": [3.0, 2.0], "test_rmse": [3.5, 2.5]})
    ax = plots.learning_curves({"plain": History(frame)}, baseline=("bias", 0.95))
    curve, line = ax.get_lines()
    assert curve.get_xydata().tolist() == [[1, 3.5], [2, 2.5]]
    assert line.get_ydata() == [0.95, 0.95]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "test RMSE (stars)")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["plain", "bias, 0.950"]


def test_rating_matrix():
    ratings = pd.DataFrame({"user_idx": [0, 2], "item_idx": [1, 3]})
    (image,) = plots.rating_matrix(ratings).get_images()
    assert np.argwhere(image.get_array()).tolist() == [[0, 1], [2, 3]]


def test_long_tail():
    ax = plots.long_tail([1, 50, 3, 30, 16], "items")
    assert "these 1 items have" in ax.texts[0].get_text()
    assert "items" in ax.get_xlabel()
