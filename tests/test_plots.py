"""Figures show the data they are given."""

import io

import matplotlib as mpl
from mfbook import plots
from mfbook.history import History
import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest

mpl.use("agg")


@pytest.fixture(autouse=True)
def _style():
    with mpl.rc_context():
        plots.style()
        yield
    mpl.pyplot.close("all")


def history(*rmse, evaluation_set="test"):
    epochs = range(1, len(rmse) + 1)
    train = [value - 0.5 for value in rmse]
    frame = pd.DataFrame({"epoch": epochs, "train_rmse": train, f"{evaluation_set}_rmse": rmse})
    return History(frame, evaluation_set)


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def legend_below(ax):
    (legend,) = ax.figure.legends
    return [text.get_text() for text in legend.get_texts()]


def seeds(evaluation_set="validation", n_seeds=2):
    runs = [
        {"model": model, "seed": seed, "epoch": epoch, "rmse": 1 - 0.01 * epoch + 0.1 * seed}
        for model in ("MLP, slow", "MLP, fast", "another")
        for seed in range(n_seeds)
        for epoch in (1, 2)
    ]
    return pd.DataFrame(runs).assign(evaluation_set=evaluation_set)


def test_style_is_opaque():
    assert mpl.rcParams["figure.facecolor"] == mpl.rcParams["savefig.facecolor"] == "white"


def test_a_figure_is_the_same_file_in_every_run_and_its_text_is_text():
    files = []
    for _ in range(2):
        ax = plots.learning_curves({"plain": history(3.5, 2.5)})
        file = io.StringIO()
        ax.figure.savefig(file, format="svg", metadata=plots.NO_METADATA)
        files.append(file.getvalue())
    assert files[0] == files[1]
    assert ">test RMSE (stars)</text>" in files[0]
    assert "<metadata>" not in files[0]


def test_a_notebook_stores_figures_as_svg():
    lines = ["from matplotlib import pyplot as plt", "from mfbook import plots", "plots.style()"]
    cell = nbformat.v4.new_code_cell("\n".join([*lines, "plt.plot([1, 2])", "plt.show()"]))
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=[cell])).execute()
    (output,) = [output for output in cell.outputs if output.output_type == "display_data"]
    assert set(output.data) == {"image/svg+xml", "text/plain"}
    assert "<metadata>" not in output.data["image/svg+xml"]


@pytest.mark.parametrize("evaluation_set", ["test", "validation"])
def test_learning_curves_say_what_they_were_measured_on(evaluation_set):
    curves = {"plain": history(3.5, 2.5, evaluation_set=evaluation_set)}
    ax = plots.learning_curves(curves, baseline=("bias", 0.95))
    curve, line = ax.get_lines()
    assert curve.get_xydata().tolist() == [[1, 3.5], [2, 2.5]]
    assert line.get_ydata() == [0.95, 0.95]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", f"{evaluation_set} RMSE (stars)")
    assert labels(ax) == ["plain", "bias, 0.950"]


def test_learning_curves_refuse_a_mix_of_evaluation_sets():
    mix = {"a": history(1.0), "b": history(1.0, evaluation_set="validation")}
    with pytest.raises(ValueError, match=r"different evaluation sets \(test and validation\)"):
        plots.learning_curves(mix)
    with pytest.raises(ValueError, match="different evaluation sets"):
        plots.learning_curves_zoomed(mix, ylim=(0, 1))
    assert not mpl.pyplot.get_fignums()


def test_learning_curves_need_a_curve():
    with pytest.raises(ValueError, match="no curve"):
        plots.learning_curves({})


def test_every_curve_is_drawn_and_looks_different():
    ax = plots.learning_curves({str(n): history(n, n - 0.5) for n in range(1, 16)})
    lines = ax.get_lines()
    assert len(lines) == len(labels(ax)) == 15
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == 15


def test_learning_curves_zoomed_share_one_legend():
    left, right = plots.learning_curves_zoomed(
        {"plain": history(3.5, 1.0)}, ylim=(0.9, 1.1), baseline=("bias", 0.95)
    )
    assert right.get_ylim() == (0.9, 1.1)
    assert (left.get_ylabel(), right.get_ylabel()) == ("test RMSE (stars)", "")
    assert left.get_legend() is right.get_legend() is None
    (legend,) = left.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "bias, 0.950"]


def test_train_and_evaluation_curves():
    overfitted = history(1.2, 0.9, 1.1, evaluation_set="validation")
    ax = plots.train_and_evaluation_curves(overfitted, baseline=("bias", 0.95), fill=True)
    evaluation, train = ax.get_lines()[:2]
    assert evaluation.get_ydata().tolist() == [1.2, 0.9, 1.1]
    assert train.get_ydata() == pytest.approx([0.7, 0.4, 0.6])
    assert labels(ax) == ["validation", "training", "bias, 0.950"]
    (note,) = ax.texts
    assert note.get_text() == "best: 0.900" and note.xy[0] == 2


def test_curves_by_seed():
    titles = {"MLP, fast": "fast", "MLP, slow": "slow", "another": "other"}
    axes = plots.curves_by_seed(seeds(), titles, baseline=("2016", 0.954), ylim=(0.9, 1.2))
    assert axes.shape == (2, 2)
    assert [ax.get_title(loc="left") for ax in axes.flat[:3]] == list(titles.values())
    assert axes[0, 0].get_lines()[1].get_ydata() == pytest.approx([1.09, 1.08])
    assert axes[0, 0].get_ylabel() == "validation RMSE (stars)"
    assert axes[0, 0].get_ylim() == (0.9, 1.2)
    assert not axes[1, 1].axison
    (legend,) = axes[0, 0].figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["2016, 0.954"]


def test_seeds_of_a_model_have_one_color_and_another_model_has_another():
    axes = plots.curves_by_seed(seeds(n_seeds=8), {"another": "other", "MLP, slow": "slow"})
    colors = [{line.get_color() for line in ax.get_lines()} for ax in axes.flat]
    assert colors == [{plots.COLORS[0]}, {plots.COLORS[1]}]
    assert not axes[0, 0].figure.legends


def test_curves_by_seed_refuse_a_mix_of_evaluation_sets():
    mix = pd.concat([seeds("test"), seeds("validation")])
    with pytest.raises(ValueError, match="different evaluation sets"):
        plots.curves_by_seed(mix, {"another": "other"})


@pytest.mark.parametrize("connected", [True, False])
def test_errors_by_group(connected):
    errors = pd.DataFrame({"biases": [1.1, 0.9], "MLP": [1.0, 0.8]}, index=["few", "many"])
    ax = plots.errors_by_group(errors, "ratings", connected)
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[1.1, 0.9], [1.0, 0.8]]
    assert {line.get_linestyle() for line in ax.get_lines()} == {"-" if connected else "None"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("ratings", "RMSE (stars)")


def test_errors_by_fold_show_mean_and_spread_over_seeds():
    results = pd.DataFrame(
        [
            ("plain", 1, 0, 0.94),
            ("plain", 1, 1, 0.96),
            ("plain", 2, 0, 0.93),
            ("biases", 1, 0, 0.953),
        ],
        columns=["model", "fold", "seed", "test"],
    )
    ax = plots.errors_by_fold(results, ["plain", "biases"])
    plain, biases = (bar.lines[0].get_ydata() for bar in ax.containers)
    assert plain == pytest.approx([0.95, 0.93])
    assert biases == pytest.approx([0.953, np.nan], nan_ok=True)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["u1", "u2"]
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "biases"]
    spread = ax.containers[0].lines[2][0].get_segments()[0]
    assert np.ptp(spread[:, 1]) == pytest.approx(2 * np.std([0.94, 0.96], ddof=1))


def test_marks_of_a_fold_stand_beside_each_other():
    models = [f"model {n}" for n in range(5)]
    results = pd.DataFrame({"model": models, "fold": 1, "seed": 0, "test": 0.94})
    ax = plots.errors_by_fold(results, models)
    at = [bar.lines[0].get_xdata()[0] for bar in ax.containers]
    assert min(np.diff(at)) > 0.1 and max(np.abs(at)) < 0.5


def test_search_results_mark_the_best_and_name_what_lies_outside():
    validation = {"biases": [0.93, 0.94], "MLP": [0.95, 1.1, 1.2], "plain": [0.92, 1.26]}
    ax = plots.search_results(validation, xlim=(0.9, 1.0))
    best = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "|"]
    assert best == [0.93, 0.95, 0.92]
    assert [t.get_text() for t in ax.texts] == ["2 from 1.10 →", "one at 1.26 →"]
    assert ax.get_xlim() == (0.9, 1.0)
    assert not plots.search_results(validation).texts


def test_search_results_name_what_lies_below():
    validation = {"biases": [0.85, 0.94], "MLP": [0.8, 0.88, 0.95, 1.2]}
    ax = plots.search_results(validation, xlim=(0.9, 1.0))
    notes = [(t.get_text(), t.xy, t.get_ha()) for t in ax.texts]
    assert notes == [
        ("← one at 0.85", (0, 0), "left"),
        ("one at 1.20 →", (1, 1), "right"),
        ("← 2 up to 0.88", (0, 1), "left"),
    ]


@pytest.mark.parametrize("xlim", [(0.9, 1.0), None])
def test_search_results_that_are_not_finite(xlim):
    nan, inf = float("nan"), float("inf")
    validation = {"biases": [nan, 0.93, 0.94], "MLP": [-inf, 0.95, inf], "plain": [nan, nan]}
    ax = plots.search_results(validation, xlim=xlim)
    best = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "|"]
    assert best == [0.93, 0.95]
    assert [t.get_text() for t in ax.texts] == ["one not finite", "2 not finite", "2 not finite"]
    ax = plots.search_results({"plain": [0.95, nan, 1.2, 1.3]}, xlim=(0.9, 1.0))
    assert [t.get_text() for t in ax.texts] == ["one not finite, 2 from 1.20 →"]
    ax.figure.draw_without_rendering()


def test_ladder_draws_every_group():
    groups = {f"group {i}": {f"model {i}": 0.9 + i / 100} for i in range(20)}
    ax = plots.ladder(groups, "RMSE")
    assert legend_below(ax) == list(groups)
    assert sorted(line.get_xdata()[0] for line in ax.get_lines()) == [
        errors[f"model {i}"] for i, errors in enumerate(groups.values())
    ]
    assert len({(line.get_marker(), line.get_color()) for line in ax.get_lines()}) == 20


def test_ladder_is_in_the_order_of_the_errors():
    ours = pd.Series({"biases": 0.953, "Gibbs": 0.9})
    ax = plots.ladder({"this book": ours, "published": {"GC-MC": 0.905}}, "RMSE")
    assert [(t.get_text(), t.xy[1], t.get_ha()) for t in ax.texts] == [
        ("biases", 0, "right"),
        ("GC-MC", 1, "left"),
        ("Gibbs", 2, "left"),
    ]
    mine, published = ax.get_lines()
    assert mine.get_xydata().tolist() == [[0.953, 0], [0.9, 2]]
    assert published.get_xydata().tolist() == [[0.905, 1]]
    assert legend_below(ax) == ["this book", "published"]


def test_stacked_bars():
    times = pd.DataFrame({"forward": [1.0, 2.0], "update": [4.0, 0.5]}, ["dense", "sparse"])
    ax = plots.stacked_bars(times, "ms")
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches] == [
        (0, 1),
        (0, 2),
        (1, 4),
        (2, 0.5),
    ]
    assert len(ax.figure.legends) == 1


def test_value_table_writes_values_readably():
    ax = plots.value_table(pd.DataFrame({"action": [0.3, 7.0]}, ["Ann", "Ben"]), limits=(0, 8))
    assert [(t.get_text(), t.get_color()) for t in ax.texts] == [("0.3", "black"), ("7.0", "white")]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Ann", "Ben"]


def test_item_map_names_the_outermost_item_of_each_direction():
    positions = [[0.1, 1], [2, 0.1], [1, 0.1], [-3, 0.1]]
    names = ["Up (1999)", "Right (2000)", "inside", "Left (1998)"]
    ax = plots.item_map(positions, names, n_named=8)
    assert [t.get_text() for t in ax.texts] == ["Right", "Up", "Left"]
    assert ax.texts[2].get_ha() == "left"


def test_names_on_a_map_cover_neither_each_other_nor_the_points():
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False) + 0.01
    # Flat, so that many points lie close to each other.
    positions = np.column_stack([np.cos(angles), 0.2 * np.sin(angles)])
    ax = plots.item_map(positions, [f"A film with a long name, {n} (1990)" for n in range(16)])
    figure = ax.figure
    figure.draw_without_rendering()
    boxes = [mpl.text.Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) > 8
    for number, box in enumerate(boxes):
        assert not any(map(box.overlaps, boxes[:number]))
        assert not any(box.contains(*at) for at in ax.transData.transform(positions))
        assert ax.get_window_extent().x0 <= box.x0 and box.x1 <= ax.get_window_extent().x1


def test_a_map_of_many_items_is_a_small_file(tmp_path):
    positions = np.random.default_rng(0).normal(size=(600, 2))
    ax = plots.item_map(positions, [f"Film {n}" for n in range(600)])
    ax.figure.savefig(tmp_path / "map.svg")
    assert (tmp_path / "map.svg").stat().st_size < 60e3


def test_rating_matrix():
    ratings = pd.DataFrame({"user_idx": [0, 2], "item_idx": [1, 3]})
    (image,) = plots.rating_matrix(ratings).get_images()
    assert np.argwhere(image.get_array()).tolist() == [[0, 1], [2, 3]]


def test_a_large_rating_matrix_is_drawn_in_blocks():
    ratings = pd.DataFrame({"user_idx": [0, 1, 900], "item_idx": [0, 1, 1500]})
    ax = plots.rating_matrix(ratings)
    (image,) = ax.get_images()
    shares = image.get_array()
    assert shares.shape == (451, 751)
    assert (shares[0, 0], shares[450, 750], shares.sum()) == (0.5, 0.25, 0.75)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 1500.5), (900.5, -0.5))


def test_long_tail():
    ax = plots.long_tail([1, 50, 3, 30, 16], "items")
    assert "these 1 items have" in ax.texts[0].get_text()
    assert "items" in ax.get_xlabel()


def test_long_tail_needs_two_points_for_a_run_of_equal_counts():
    all_items, half = plots.long_tail([5] * 50 + [1] * 1000, "items").collections
    top = {(x, y) for x, y in all_items.get_paths()[0].vertices.tolist() if y}
    assert top == {(1, 5), (50, 5), (51, 1), (1050, 1)}
    assert half.get_paths()[0].vertices[:, 0].max() == 425


def test_figures_are_drawn_into_the_axes_that_are_given():
    left, ax = mpl.pyplot.subplots(1, 2)[1]
    errors = pd.DataFrame({"biases": [1.1]}, index=["few"])
    assert plots.errors_by_group(errors, "ratings", ax=left) is left
    assert plots.learning_curves({"plain": history(1.0)}, ax=ax) is ax
    assert plots.reference_line("bias", 0.95, ax=ax) is ax


NO_ROWS = pd.DataFrame()
NO_EPOCHS = History(pd.DataFrame({"epoch": [], "train_rmse": [], "test_rmse": []}), "test")
NOTHING = {
    "no history": (lambda: plots.learning_curves({}), "no curve to draw"),
    "history of a baseline": (
        lambda: plots.learning_curves({"biases": None}),
        r"histories\['biases'\] is None, and not the history of a fit",
    ),
    "no epochs": (
        lambda: plots.learning_curves({"plain": NO_EPOCHS}),
        r"histories\['plain'\] has no epochs",
    ),
    "zoom on nothing": (lambda: plots.learning_curves_zoomed({}, (0, 1)), "no curve to draw"),
    "no fit": (lambda: plots.train_and_evaluation_curves(None), "history is None"),
    "fit without epochs": (
        lambda: plots.train_and_evaluation_curves(NO_EPOCHS, fill=True),
        "history has no epochs",
    ),
    "no titles": (lambda: plots.curves_by_seed(seeds(), {}), "titles is empty"),
    "unknown curve": (
        lambda: plots.curves_by_seed(seeds(), {"MLQ": "slow"}),
        "titles has 'MLQ', but the table has no such model",
    ),
    "no curves": (lambda: plots.curves_by_seed(NO_ROWS, {"a": "b"}), "table curves is empty"),
    "other curves": (
        lambda: plots.curves_by_seed(seeds().drop(columns="seed"), {"another": "b"}),
        "table curves has no column seed",
    ),
    "no groups": (lambda: plots.errors_by_group(NO_ROWS, "x"), "table errors is empty"),
    "no results": (lambda: plots.errors_by_fold(NO_ROWS, ["a"]), "table results is empty"),
    "no table": (lambda: plots.errors_by_fold(None, ["a"]), "results is a NoneType; pass a pandas"),
    "no search": (lambda: plots.search_results({}), "validation is empty"),
    "no trials": (lambda: plots.search_results({"ALS": []}), r"validation\['ALS'\] is empty"),
    "no ladder": (lambda: plots.ladder({}, "x"), "groups is empty"),
    "no rungs": (
        lambda: plots.ladder({"this book": {}}, "x"),
        r"groups\['this book'\] is empty",
    ),
    "no bars": (lambda: plots.stacked_bars(NO_ROWS, "x"), "table is empty"),
    "no cells": (lambda: plots.value_table(NO_ROWS, (0, 1)), "table is empty"),
    "no items": (lambda: plots.item_map([], []), "positions is empty"),
    "no names": (lambda: plots.item_map([[1, 2]], []), r"shape \(1, 2\); for 0 names it must be"),
    "no directions": (lambda: plots.item_map([[1, 2]], ["a"], n_named=0), "n_named is 0"),
    "no ratings": (lambda: plots.rating_matrix(NO_ROWS), "table ratings is empty"),
    "no counts": (lambda: plots.long_tail([], "items"), "counts is empty"),
    "counts of 0": (lambda: plots.long_tail([0, 0], "items"), "counts is empty"),
}


@pytest.mark.parametrize("what", NOTHING)
def test_a_figure_of_nothing_is_refused_before_it_is_drawn(what):
    draw, message = NOTHING[what]
    with pytest.raises(ValueError, match=message):
        draw()
    assert not mpl.pyplot.get_fignums()


def test_errors_by_fold_refuse_a_model_without_results():
    results = pd.DataFrame({"model": ["plain"], "fold": [1], "seed": [0], "test": [0.94]})
    with pytest.raises(ValueError, match=r"models has 'MLP', but .* Pass some of \['plain'\]"):
        plots.errors_by_fold(results, ["plain", "MLP"])
    with pytest.raises(ValueError, match="models is empty"):
        plots.errors_by_fold(results, [])


ERRORS = pd.DataFrame({"biases": [1.1, 0.9], "MLP": [1.0, 0.8]}, index=["few", "many"])
RESULTS = pd.DataFrame({"model": "plain", "fold": [1, 2], "seed": [0, 0], "test": [0.94, 0.95]})
PLAIN = {"plain": history(1.0)}
OTHER_SET = History(history(1.0).frame, "validation")
WRONG = {
    "histories": (
        lambda: plots.learning_curves(None),
        "histories is a NoneType; it must be a dict",
    ),
    "a list of histories": (lambda: plots.learning_curves([history(1.0)]), "histories is a list"),
    "another set": (lambda: plots.learning_curves({"a": OTHER_SET}), "no column validation_rmse"),
    "no frame": (
        lambda: plots.learning_curves({"a": History(None, "test")}),
        "frame is a NoneType",
    ),
    "texts in a history": (
        lambda: plots.learning_curves({"a": History(history(1.0).frame.astype(str), "test")}),
        "is '1', which is not a number",
    ),
    "baseline ''": (lambda: plots.learning_curves(PLAIN, ".9"), "The baseline is '.9'; it must be"),
    "baseline NaN": (
        lambda: plots.learning_curves(PLAIN, ("a", np.nan)),
        r"baseline is \('a', nan",
    ),
    "baseline 1": (lambda: plots.train_and_evaluation_curves(history(1.0), 1), "baseline is 1"),
    "ax": (lambda: plots.learning_curves(PLAIN, ax=[1]), "ax is a list; pass one axes object"),
    "ylim None": (
        lambda: plots.learning_curves_zoomed(PLAIN, None),
        "ylim is None; it must be two",
    ),
    "ylim, one": (lambda: plots.learning_curves_zoomed(PLAIN, (None, 1)), r"ylim is \(None, 1\)"),
    "ncols": (lambda: plots.learning_curves_zoomed(PLAIN, (0, 1), ncols="3"), "ncols is '3'"),
    "fill": (lambda: plots.train_and_evaluation_curves(history(1.0), fill="no"), "fill is 'no'"),
    "titles": (
        lambda: plots.curves_by_seed(seeds(), ["another"]),
        "titles is a list; it must be a",
    ),
    "no titles": (lambda: plots.curves_by_seed(seeds(), None), "titles is a NoneType"),
    "curves twice": (
        lambda: plots.curves_by_seed(pd.concat([seeds(), seeds()]), {"another": "a"}),
        "two rows for model 'another', seed 0, epoch 1",
    ),
    "texts in curves": (
        lambda: plots.curves_by_seed(seeds().assign(rmse="a"), {"another": "a"}),
        r"curves\['rmse'\]\[0\] is 'a', which is not a number",
    ),
    "ylim of curves": (
        lambda: plots.curves_by_seed(seeds(), {"another": "a"}, ylim="01"),
        "ylim is '01'",
    ),
    "texts in errors": (
        lambda: plots.errors_by_group(ERRORS.astype(str), "x"),
        r"errors\['biases'\]\[0\] is '1.1', which is not a number",
    ),
    "only NaN": (lambda: plots.errors_by_group(ERRORS * np.nan, "x"), "no number, only NaN"),
    "an infinite error": (lambda: plots.errors_by_group(ERRORS * np.inf, "x"), "is inf, not a fin"),
    "a group twice": (
        lambda: plots.errors_by_group(ERRORS.set_axis(["few", "few"]), "x"),
        "two rows with the name few",
    ),
    "a model twice": (
        lambda: plots.errors_by_group(ERRORS.set_axis(["a", "a"], axis=1), "x"),
        "has the column a twice",
    ),
    "connected": (lambda: plots.errors_by_group(ERRORS, "x", "no"), "connected is 'no'"),
    "models None": (lambda: plots.errors_by_fold(RESULTS, None), "models is None; it must be a li"),
    "one model": (lambda: plots.errors_by_fold(RESULTS, "plain"), "models is 'plain'; it must be"),
    "NaN in results": (
        lambda: plots.errors_by_fold(RESULTS.assign(test=[np.nan, 1]), ["plain"]),
        r"results\['test'\]\[0\] is nan, not a finite number",
    ),
    "another table": (
        lambda: plots.search_results(RESULTS),
        "validation is a DataFrame; it must be",
    ),
    "validation None": (lambda: plots.search_results(None), "validation is a NoneType"),
    "trials None": (lambda: plots.search_results({"a": None}), r"validation\['a'\] is None"),
    "trials in text": (
        lambda: plots.search_results({"a": ["0.9"]}),
        "is '0.9', which is not a num",
    ),
    "trials in a table": (lambda: plots.search_results({"a": [[0.9]]}), r"has the shape \(1, 1\)"),
    "xlim, one": (lambda: plots.search_results({"a": [1]}, (None, 1)), r"xlim is \(None, 1\)"),
    "xlim reversed": (lambda: plots.search_results({"a": [1]}, (1, 0)), "the lower one first"),
    "groups None": (lambda: plots.ladder(None, "x"), "groups is a NoneType; it must be a dict"),
    "group None": (lambda: plots.ladder({"a": None}, "x"), r"groups\['a'\] is a NoneType"),
    "NaN on a ladder": (lambda: plots.ladder({"a": {"b": np.nan}}, "x"), r"\[0\] is nan, not a fi"),
    "texts on a ladder": (lambda: plots.ladder({"a": {"b": "0.9"}}, "x"), "is '0.9', which is not"),
    "rungs twice": (
        lambda: plots.ladder({"a": pd.Series([1, 2], ["b", "b"])}, "x"),
        "has a model twice",
    ),
    "bars of text": (lambda: plots.stacked_bars(ERRORS.astype(str), "x"), "which is not a number"),
    "bars of NaN": (lambda: plots.stacked_bars(ERRORS * np.nan, "x"), "is nan, not a finite numb"),
    "bars below 0": (lambda: plots.stacked_bars(-ERRORS, "x"), "a length below 0"),
    "a bar twice": (
        lambda: plots.stacked_bars(ERRORS.set_axis([1, 1]), "x"),
        "two rows with the name 1",
    ),
    "bars None": (lambda: plots.stacked_bars(None, "x"), "table is a NoneType; pass a pandas"),
    "cells of text": (lambda: plots.value_table(ERRORS.astype(str), (0, 1)), "which is not a num"),
    "limits None": (lambda: plots.value_table(ERRORS, None), "limits is None; it must be two"),
    "NaN on a map": (
        lambda: plots.item_map([[np.nan, 1], [1, 2]], ["a", "b"]),
        r"positions\[0, 0\] is nan, not a finite number",
    ),
    "map None": (lambda: plots.item_map(None, ["a"]), "positions is None, which is not a number"),
    "names None": (lambda: plots.item_map([[1, 2]], None), "names is None; it must be a list of"),
    "a name NaN": (
        lambda: plots.item_map([[1, 2]], [np.nan]),
        r"names\[0\] is nan; a name must be",
    ),
    "directions": (lambda: plots.item_map([[1, 2]], ["a"], 10**30), "it must be at most 1,000"),
    "below 0": (
        lambda: plots.rating_matrix(pd.DataFrame({"user_idx": [0, -1], "item_idx": [0, 1]})),
        r"user_idx\[1\] is -1",
    ),
    "fractions": (
        lambda: plots.rating_matrix(pd.DataFrame({"user_idx": [0, 1], "item_idx": [0, np.nan]})),
        "item_idx has the type float64",
    ),
    "too large": (
        lambda: plots.rating_matrix(pd.DataFrame({"user_idx": [199_999], "item_idx": [199_999]})),
        "A picture of 200,000 x 200,000 dots would take 320 GB",
    ),
    "ratings None": (lambda: plots.rating_matrix(None), "ratings is a NoneType"),
    "counts None": (lambda: plots.long_tail(None, "items"), "counts is None"),
    "counts below 0": (lambda: plots.long_tail([3, -1], "items"), "counts has -1.0; a number of"),
    "half a count": (lambda: plots.long_tail([3, 0.5], "items"), "counts has 0.5; a number of"),
    "counts NaN": (lambda: plots.long_tail([3, np.nan], "items"), "is nan, not a finite number"),
    "counts of text": (lambda: plots.long_tail(["3"], "items"), r"counts\[0\] is '3'"),
    "line": (lambda: plots.reference_line("a", "0.9", None), r"baseline is \('a', '0.9'\)"),
    "line nowhere": (
        lambda: plots.reference_line("a", 0.9, None),
        "ax is a NoneType; pass one axes",
    ),
    "legend nowhere": (lambda: plots.legend_below(None, 1), "ax is a NoneType"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_of_figures_are_named(what):
    draw, message = WRONG[what]
    with pytest.raises(ValueError, match=message):
        draw()
    assert not mpl.pyplot.get_fignums()


def test_names_in_a_column_belong_to_their_positions():
    names = pd.Series(["Right", "Up", "Left"], index=[2, 0, 1])
    ax = plots.item_map([[2, 0.1], [0.1, 1], [-3, 0.1]], names, n_named=8)
    assert [t.get_text() for t in ax.texts] == ["Right", "Up", "Left"]


def test_a_group_without_errors_is_a_gap():
    ax = plots.errors_by_group(ERRORS.assign(MLP=[np.nan, 0.8]), "ratings")
    assert np.isnan(ax.get_lines()[1].get_ydata()[0])
    numbered = ERRORS.set_axis(pd.MultiIndex.from_tuples([(1, 2), (3, 4)]))
    assert plots.errors_by_group(numbered, "ratings").get_lines()


def test_labels_of_any_type():
    frame = pd.DataFrame({"epoch": [1, 2], "train_rmse": [0.9, 0.8], "test_rmse": [1.0, 0.9]})
    ax = plots.learning_curves({(64, 64): History(frame, "test")})
    assert ax.get_lines()[0].get_label() == "(64, 64)"
    assert plots.ladder({(64, 64): {"MLP": 0.9}}, "RMSE").get_lines()
