"""The section "Growth" of the benchmarks page: tables and a figure, from benchmarks/growth.csv."""

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter
from mfbook import plots
import numpy as np
import pandas as pd

TEXT = """\
## Growth

The twin of MovieLens (`datasets.synthetic`) in several sizes: at 25 million ratings it has as many \
users and items as MovieLens 25M. A tenth of the ratings is the test set. Each measurement has a \
process of its own, one thread and its own seconds, so no library keeps memory from another; the \
contenders of a table take turns. {rounds} A cell has the seconds; the RMSE on the test set, in \
stars, of predictions clipped to the scale; and the highest memory of the process, with its \
libraries and the ratings. *noise floor* is the smallest error that any method can reach, *ratings \
only* what the ratings alone take of the memory.
"""
NOTES = {
    "Reading": "A file in the form of MovieLens 25M's. `read_ratings` checks every line; "
    "`pandas.read_csv` checks none, and keeps the times as well.",
    "Splitting": "`random_split` of a table, with the check that no pair occurs twice.",
    "ALS, k = 10": "Five sweeps, the biases included. cmfrec minimizes the same function, with the "
    "same penalties (9 on vectors, 5 on biases), in single precision too; it is built with its "
    "option for OpenBLAS, without which its Cholesky takes up to 3 times as long. Its conjugate "
    "gradient solves each system only roughly, which is quicker. Surprise descends 50 epochs by gradients, "
    "with penalties of its own. Spark is measured once, on two workers of one core each, so on "
    "two cores; its memory is the sum over all processes, and its biases are fitted first.",
    "ALS, k = 40": "The same with more factors.",
    "Plain network": "One epoch of 64 factors in batches of 8,192, by plain descent: PyTorch has "
    "neither momentum nor decay for sparse gradients, so they are off on both sides. One epoch "
    "teaches a small data set nothing; the errors only show that both do the same.",
    "Gibbs, k = 10": "Seconds of one sweep, the median of five. Five sweeps are far too few for a "
    "good error.",
    "The whole way": "Read the file, split it, five sweeps of ALS with k = 10, and the error on the "
    "test set, in one process.",
}
ALT = (
    "Four log-log panels of seconds against the number of ratings: reading and splitting, ALS with "
    "10 factors, ALS with 40 factors, the network and a Gibbs sweep. All lines are nearly straight."
)
CAPTION = (
    "Seconds against the number of ratings. In the legend the exponent a of the line seconds ∝ "
    "ratingsᵃ that fits best: 1 means that twice the ratings take twice the time."
)
PANELS = {
    "reading, splitting": ("Reading", "Splitting"),
    "ALS, k = 10": ("ALS, k = 10",),
    "ALS, k = 40": ("ALS, k = 40",),
    "network (an epoch), Gibbs (a sweep)": ("Plain network", "Gibbs, k = 10"),
}


def section(table):
    """Return the section as Markdown."""
    most, at_largest = (
        int(table.loc[rows, "rounds"].max())
        for rows in (slice(None), table["ratings"] == table["ratings"].max())
    )
    rounds = f"Medians of {most} rounds"
    if at_largest < most:
        rounds += f"; at {table['ratings'].max():,} ratings only {at_largest}"
    texts = [TEXT.format(rounds=rounds + ".")]
    texts.append(f"```{{figure}} _static/growth.svg\n:alt: {ALT}\n\n{CAPTION}\n```\n")
    for step, rows in table.groupby("step", sort=False):
        texts.append(f"### {step}\n\n{NOTES[step]}\n\n{_table(rows)}\n")
    return "\n".join(texts)


def _table(rows):
    """Return the Markdown table of one step: contenders in rows, sizes in columns."""
    sizes = sorted(rows["ratings"].unique())
    names = list(dict.fromkeys(rows["contender"]))
    by_name = {
        name: rows[rows["contender"] == name].set_index("ratings").reindex(sizes) for name in names
    }
    first = by_name[names[0]]
    lines = [(name, [_cell(one) for _, one in by_name[name].iterrows()]) for name in names]
    for name in names[1:]:
        other = by_name[name]
        ratios = zip(
            first["seconds"] / other["seconds"], first["peak_mb"] / other["peak_mb"], strict=True
        )
        lines.append((f"{names[0]} : {name}", [_ratio(*pair) for pair in ratios]))
    per_rating = [f"{1e9 * s / n:,.0f} ns" for n, s in first["seconds"].items()]
    lines.append((f"{names[0]}, time per rating", per_rating))
    if first["noise_floor"].notna().any():
        lines.append(("noise floor", [f"{floor:.4f}" for floor in first["noise_floor"]]))
    lines.append(("ratings only", [f"{size:,.0f} MB" for size in first["data_mb"]]))
    head = ["ratings", *(f"{n:,}" for n in sizes)]
    body = [[name, *cells] for name, cells in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body))


def _cell(row):
    """Return what one measurement found, or why it found nothing."""
    if pd.isna(row["seconds"]):
        return row["note"] if isinstance(row["note"], str) else "not measured"
    parts = [f"{row['seconds']:,.3g} s", f"{row['peak_mb']:,.0f} MB"]
    if pd.notna(row["rmse"]):
        parts.insert(1, f"{row['rmse']:.4f}")
    return " · ".join(parts)


def _ratio(seconds, memory):
    if pd.isna(seconds):
        return ""
    time = f"{seconds:.2f}" if seconds >= 0.01 else f"{seconds:.2g}"
    return f"{time} × time, {memory:.2f} × memory"


def exponent(ratings, seconds):
    """Return the exponent a of the line seconds ∝ ratingsᵃ that fits best."""
    return float(np.polyfit(np.log(ratings), np.log(seconds), 1)[0])


def draw(table, path):
    """Draw seconds against ratings, log-log, in four panels; write an SVG file."""
    with mpl.rc_context(plots.STYLE):
        figure, axes = plt.subplots(4, 1, figsize=(plots.WIDTH, 13), sharex=True)
        for ax, (title, names) in zip(axes, PANELS.items(), strict=True):
            _draw_panel(ax, table[table["step"].isin(names) & table["seconds"].notna()])
            ax.set_title(title)
            ax.set_ylabel("seconds")
        axes[-1].set_xlabel("million ratings")
        figure.savefig(path, format="svg", metadata=plots.NO_METADATA)
        plt.close(figure)


def _draw_panel(ax, rows):
    for number, ((step, name), line) in enumerate(rows.groupby(["step", "contender"], sort=False)):
        several = rows["step"].nunique() > 1
        label = f"{step.split(',')[0]}, {name}" if several else name
        if len(line) > 1:
            label += f": {exponent(line['ratings'], line['seconds']):.2f}"
        at = number % len(plots.COLORS)
        look = {"color": plots.COLORS[at], "marker": plots.MARKERS[at], "markersize": 4}
        ax.plot(line["ratings"] / 1e6, line["seconds"], linewidth=1.5, label=label, **look)
    ax.set(xscale="log", yscale="log")
    # Room for the legend above the lines; labels at powers of ten only.
    low, high = ax.get_ylim()
    ax.set_ylim(top=high * (high / low) ** 0.9)
    ax.yaxis.set_minor_formatter(NullFormatter())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,g}")
    ax.grid(axis="y")
    if len(rows):
        ax.legend(loc="upper left")
