"""The demonstration "batches" measures as `mfbook.metrics` does."""

from demos import PHONE, needs_chromium, opened
from mfbook import metrics
from mfbook.course import demonstrations
import numpy as np
import pytest

from tools import demo_batches

MEASURE = "given => customElements.get('mf-batches').measure(...given)"


def test_the_orders_hold_the_same_errors():
    first, *others = (sorted(errors) for errors in demo_batches.orders().values())
    assert len(first) == demo_batches.SIZES[-1]
    assert all(other == first for other in others)


@pytest.mark.parametrize("order", demo_batches.orders())
def test_the_mean_of_batches_is_never_above_the_rmse(order):
    errors = demo_batches.orders()[order]
    pooled = metrics.rmse(np.zeros(24), errors)
    means = {s: np.mean(demo_batches.batch_rmses(errors, s)) for s in demo_batches.SIZES}
    assert all(mean <= pooled + 1e-12 for mean in means.values())
    assert means[1] == pytest.approx(np.abs(errors).mean())
    if order == "even":
        assert means[6] == pytest.approx(pooled)
    else:
        assert means[12] < pooled - 0.05


@needs_chromium
def test_the_browser_measures_as_metrics_does():
    with opened("batches") as page:
        for errors in demo_batches.orders().values():
            for size in demo_batches.SIZES:
                seen = page.evaluate(MEASURE, [errors, size])
                by_batch = demo_batches.batch_rmses(errors, size)
                assert seen["byBatch"] == pytest.approx(by_batch, abs=1e-9)
                assert seen["mean"] == pytest.approx(np.mean(by_batch), abs=1e-9)
                assert seen["pooled"] == pytest.approx(metrics.rmse(np.zeros(24), errors), abs=1e-9)


@needs_chromium
@pytest.mark.parametrize("size", [PHONE, None], ids=["phone", "desk"])
def test_the_keyboard_changes_size_and_order(size):
    options = {"size": size} if size else {}
    with opened("batches", **options) as page:
        said = page.locator(".mf-now")
        assert "both numbers are 1.140" in said.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        assert said.inner_text() == (
            "2 batches of 12: the mean of their RMSEs is 1.033, below the RMSE of all errors, 1.140."
        )
        assert page.locator("line.step").count() == 2
        page.keyboard.press("Home")
        assert "mean absolute error" in said.inner_text()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.get_by_role("button", pressed=True).inner_text() == "even"
        assert "happen to have the same RMSE" in said.inner_text()


def test_the_files_are_what_the_command_writes(tmp_path):
    demo_batches.write(tmp_path)
    for file in ("batches.data.js", "batches.svg"):
        stored = (demonstrations.FOLDER / file).read_text("utf-8")
        assert (tmp_path / file).read_text("utf-8") == stored
