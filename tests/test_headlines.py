"""Headlines reach the Results page, whole and in order."""

from mfbook.course import headlines
import nbformat
import pytest

from tools import notebooks, results_page

ROWS = (
    headlines.Headline("plain", 1.02346, spread=0.0012, published=1.0202),
    headlines.Headline("biases", 0.9532, measured_on="validation"),
)


def notebook_with(*rows):
    bundle = headlines.Headlines(*rows)._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", bundle, execution_count=1)
    cells = [
        nbformat.v4.new_markdown_cell("# 9 · A chapter\n\ntext"),
        nbformat.v4.new_code_cell("1", outputs=[output] if rows else []),
    ]
    run = {"seconds": 61.4, "machine": "one machine"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"mfbook": run})


def test_headlines_show_spread_and_published_number():
    table = headlines.Headlines(*ROWS).table()
    assert table["RMSE"].tolist() == ["1.0235 ± 0.0012", "0.9532"]
    assert table["published"].tolist() == ["1.0202", ""]
    assert "0.9532" in headlines.Headlines(*ROWS)._repr_mimebundle_()["text/html"]


def test_results_page_gathers_the_headlines(tmp_path):
    paths = [tmp_path / "09_a.ipynb", tmp_path / "10_b.ipynb"]
    nbformat.write(notebook_with(*ROWS), paths[0])
    nbformat.write(notebook_with(), paths[1])
    page = results_page.page(paths)
    assert "## [9 · A chapter](../notebooks/09_a.ipynb)" in page
    assert "| plain | u1.test | 1.0235 ± 0.0012 | 1.0202 |" in page
    assert "10_b.ipynb" not in page  # no headlines, no section
    assert "| 10_b | 61 |" in page
    assert page.count("one machine") == 1


def test_check_refuses_a_page_that_is_out_of_step(tmp_path, monkeypatch):
    stale = tmp_path / "results.md"
    stale.write_text("# Results\n\nby hand")
    monkeypatch.setattr(notebooks, "PAGES", {stale: lambda paths: "# Results"})
    monkeypatch.setattr(notebooks, "problem_of", lambda path: None)
    with pytest.raises(SystemExit, match=r"results.md is not what the notebooks say"):
        notebooks.check()


def test_a_notebook_stores_the_fields_by_name():
    stored = headlines.Headlines(*ROWS)._repr_mimebundle_()[headlines.MIME]
    assert stored[1] == {
        "model": "biases",
        "rmse": 0.9532,
        "spread": None,
        "published": None,
        "measured_on": "validation",
    }


@pytest.mark.parametrize(
    "wrong", [{"rmse": None}, {"rmse": float("nan")}, {"rmse": 0.9, "spread": "0.1"}]
)
def test_headline_of_what_is_no_error(wrong):
    with pytest.raises(ValueError, match="not a"):
        headlines.Headline("biases", **wrong)


def test_headlines_are_made_of_headlines():
    with pytest.raises(ValueError, match=r"A row is 0.95; pass headlines"):
        headlines.Headlines(0.95)
