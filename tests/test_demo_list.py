"""The demonstration "list" folds people in as `mfbook` does, and can be used without a mouse."""

from demos import PHONE, needs_chromium, opened
from mfbook import datasets, recommend
from mfbook.course import demonstrations
import numpy as np
import pandas as pd
from playwright.sync_api import expect
import pytest

from tools import demo_list
from tools.demo_files import write_data

LISTS = """all => {
  const element = document.querySelector("mf-list");
  return all.map((ratings) => {
    element.set(ratings);
    return ["stars", "watch"].map((kind) => element.list(kind));
  });
}"""


@pytest.fixture(scope="module")
def raters():
    """Return the ratings of 50 random people: a list of lists of film and stars."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 30, 50)
    return [
        [[int(film), int(rng.integers(1, 6))] for film in rng.choice(200, size, replace=False)]
        for size in sizes
    ]


def errors(items):
    """Return invented errors: 40 people, each with one for every item."""
    n = 40 * len(items)
    error = np.random.default_rng(0).normal(size=n)
    user = np.repeat(np.arange(40), len(items))
    columns = {"user": user, "item": np.tile(items, 40), "given": 5, "error": error}
    return pd.DataFrame(columns | {"scale": 1.0, "listed": True})


def lists(split, ratings):
    """Return the lists of Python for one person, by stars and by choices, as places of films."""
    shown = demo_list.films(split)
    stars, watch = demo_list.models(split)
    rated, given = np.array(ratings).T
    person = stars.fold_in(shown[rated], given)
    everyone = np.zeros(len(shown), int)
    by_stars = stars.predict_from_vectors(person, everyone, shown)
    liked = watch.fold_in(shown[rated[given >= 4]])
    both = np.array([by_stars, (watch.items[shown] @ liked[0]).astype(float)])
    both[:, rated] = -np.inf
    return recommend.top_n(both, 10), by_stars


@needs_chromium
def test_the_browser_makes_the_lists_that_python_makes(monkeypatch, tmp_path, raters):
    split = datasets.load()
    models = demo_list.models(split)
    monkeypatch.setattr(demo_list, "models", lambda _: models)
    monkeypatch.setattr(demo_list, "held_out", lambda _: errors(demo_list.films(split)))
    for file in demonstrations.FOLDER.glob("*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write_data(tmp_path, "list", demo_list.data(split))
    monkeypatch.setattr(demonstrations, "FOLDER", tmp_path)
    with opened("list") as page:
        seen = page.evaluate(LISTS, raters)
    for ratings, of_browser in zip(raters, seen, strict=True):
        of_python, by_stars = lists(split, ratings)
        assert [entry["film"] for entry in of_browser[0]] == of_python[0].tolist()
        if any(stars >= 4 for _, stars in ratings):
            assert [entry["film"] for entry in of_browser[1]] == of_python[1].tolist()
        for entry in of_browser[0]:
            assert entry["score"] == pytest.approx(by_stars[entry["film"]], abs=1e-4)
            moved = sum(move["by"] for move in entry["moves"])
            assert entry["base"] + moved == pytest.approx(entry["score"])


def test_the_data_are_of_these_models(movielens):
    stored = (demonstrations.FOLDER / "list.data.js").read_text(encoding="utf-8")
    shown = demo_list.films(movielens)
    assert len(shown) == demo_list.N_FILMS == len(set(shown))
    titles = movielens.items["title"].iloc[shown]
    for title in titles:
        assert demo_list.NAME.fullmatch(title)["name"].replace('"', '\\"') in stored
    assert all(film in set(titles) for taste in demo_list.TASTES.values() for film in taste)
    assert len(stored) < 30_000


def test_an_interval_holds_the_stated_share_of_people_who_were_not_calibrated_on():
    sizes = np.tile(np.linspace(0.5, 1.5, 200), 40)
    known = errors(np.arange(200))
    known["error"] *= sizes
    noise, z = demo_list._calibrated(known)
    assert noise[:50].mean() < 0.9 < 1.1 < noise[150:].mean()
    fresh = sizes * np.random.default_rng(1).normal(size=8000)
    held = np.abs(fresh) <= z * known["item"].map(noise)
    assert held.mean() == pytest.approx(demo_list.LEVEL, abs=0.02)


@needs_chromium
def test_stars_by_mouse_and_by_keyboard():
    with opened("list") as page:
        film = page.get_by_role("radiogroup", name="Star Wars (1977)")
        film.get_by_label("5 stars").check(force=True)
        assert "1 rated" in page.locator(".mf-count").inner_text()
        assert page.locator(".mf-said").inner_text().startswith("First on your list: ")
        assert page.locator(".mf-film", has_text="Star Wars 1977").count() == 0
        page.keyboard.press("ArrowLeft")
        assert film.get_by_label("4 stars").is_checked()
        page.keyboard.press("Delete")
        assert page.locator(".mf-count").inner_text() == "Rate a few"
        film.get_by_label("3 stars").click(force=True)
        film.get_by_label("3 stars").click(force=True)
        assert page.locator(".mf-count").inner_text() == "Rate a few"


@needs_chromium
def test_a_list_to_watch_follows_what_was_liked_only():
    with opened("list", size=PHONE, has_touch=True) as page:
        page.get_by_role("button", name="What you would watch").tap()
        assert page.locator(".mf-films li").count() == 0
        assert "four or five stars" in page.locator(".mf-note").inner_text()
        page.get_by_role("button", name="Romance").tap()
        assert page.locator(".mf-films > li").count() == 10
        assert "★" not in page.locator(".mf-films").inner_text()


@needs_chromium
def test_what_moved_a_film_unfolds():
    with opened("list", reduced_motion="reduce") as page:
        page.get_by_role("button", name="Action").click()
        first = page.locator(".mf-film").first
        first.press("Enter")
        assert first.get_attribute("aria-expanded") == "true"
        moved = page.locator(".mf-moves").first
        assert "Die Hard ★★★★★" in moved.inner_text()
        first.press("Enter")
        expect(moved).not_to_be_visible()


@needs_chromium
def test_any_film_can_be_found_and_the_stars_are_remembered():
    with opened("list") as page:
        page.get_by_label("Find a film by its title").fill("sneak")
        page.get_by_role("radiogroup", name="Sneakers (1992)").get_by_label("4 stars").check(
            force=True
        )
        page.get_by_label("Find a film by its title").fill("no such film")
        assert "None of these 200 films" in page.locator(".mf-shelf").inner_text()
        page.reload()
        assert page.locator(".mf-poster").first.get_attribute("aria-label") == "Sneakers (1992)"
        page.get_by_role("button", name="Start over").click()
        assert page.locator(".mf-count").inner_text() == "Rate a few"
