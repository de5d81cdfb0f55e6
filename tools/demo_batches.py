"""Data and picture of the demonstration "batches": the mean of batch RMSEs is not the RMSE.

The 24 errors are invented: six sizes, four times each.
"""

from mfbook import metrics
import numpy as np

from tools.demo_files import bar, line, text, write_data, write_picture

MAGNITUDES = (0.1, 0.3, 0.6, 0.9, 1.3, 2.2)
# Those by which 24 can be divided, so that all batches are equally long.
SIZES = (1, 2, 3, 4, 6, 8, 12, 24)
TITLE = (
    "24 errors as bars in six batches of four, with a line at the RMSE of each batch. The mean of "
    "the six lies below the RMSE of all errors together."
)


def orders():
    """Return the same errors in three orders, in stars: a dict of lists."""
    rng = np.random.default_rng(0)
    dealt = np.tile(MAGNITUDES, 4) * rng.choice([-1, 1], 24)
    return {
        "shuffled": rng.permutation(dealt).tolist(),
        "sorted": dealt[np.argsort(np.abs(dealt), kind="stable")].tolist(),
        "even": dealt.tolist(),
    }


def batch_rmses(errors, size):
    """Return the RMSE of each batch, a list, in stars."""
    batches = np.reshape(errors, (-1, size))
    return [metrics.rmse(np.zeros(size), batch) for batch in batches]


def write(folder):
    """Write the data and the picture.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    """
    write_data(folder, "batches", {"orders": orders(), "sizes": SIZES})
    write_picture(folder, "batches", (640, 300), TITLE, _shapes(orders()["shuffled"], 4))


def _shapes(errors, size):
    x, y = (lambda place: 40 + place * 25), (lambda stars: 260 - stars * 90)
    yield text(40, 24, "Size of each error (stars), in batches of four", weight=600)
    for stars in range(3):
        yield line([(x(0), y(stars)), (x(24), y(stars))])
        yield text(28, y(stars) + 5, str(stars), "soft", "end", 13)
    by_batch = batch_rmses(errors, size)
    for batch, rmse in enumerate(by_batch):
        fill = ("blue", "green")[batch % 2]
        for place in range(batch * size, (batch + 1) * size):
            height = abs(errors[place]) * 90
            yield bar(x(place) + 4, 260 - height, 17, height, fill, 0.45)
        ends = [(x(batch * size) + 2, y(rmse)), (x((batch + 1) * size) - 2, y(rmse))]
        yield line(ends, fill, 4)
    pooled = batch_rmses(errors, len(errors))[0]
    mean = float(np.mean(by_batch))
    for value, stroke, dashes in ((pooled, "ink", "6 4"), (mean, "red", "none")):
        yield line([(x(0), y(value)), (x(24), y(value))], stroke, 2, dashes)
    yield text(40, 286, f"all together: {pooled:.3f} (dashed)", size=14, weight=600)
    words = f"mean of the batch RMSEs: {mean:.3f} (line)"
    yield text(640, 286, words, "red", "end", 14, 600)
