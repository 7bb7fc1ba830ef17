import io

import numpy as np
import pytest
from PIL import Image

from raysc.planning.resolved import lines
from raysc.results.plots.curves import curves_picture
from raysc.results.plots.sample_grid import drawn_rows, mosaic, samples_picture
from raysc.results.table.table import load_table


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def picture(sweep, built, generations, seed, objects):
    drawn = drawn_rows(built, generations, seed, objects, 9)
    return pixels(samples_picture(sweep, built, generations, drawn))


def test_a_mosaic_shows_images_row_by_row():
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((3, 1, 2, 2), np.uint8) + 1
    shown = mosaic(images)
    assert shown.tolist() == [[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [0] * 5, [3, 3, 0, 0, 0], [3, 3, 0, 0, 0]]


def test_a_mosaic_keeps_colours():
    image = np.array([255, 128, 0], np.uint8).reshape(1, 3, 1, 1)
    assert mosaic(image).tolist() == [[[255, 128, 0]]]


@pytest.mark.parametrize("store", ["digits_store", "gaussian_store"])
def test_a_picture_is_wider_for_more_generations_and_higher_for_more_cells(store, request):
    sweep, objects = request.getfixturevalue(store)
    built = lines(sweep)
    one = picture(sweep, built[:1], [0], 0, objects)
    more = picture(sweep, built[:2], [0, 1, 2], 0, objects)
    assert more.shape[0] > 1.5 * one.shape[0]
    assert more.shape[1] > 1.5 * one.shape[1]
    assert len(np.unique(one.reshape(-1, 3), axis=0)) > 20, "something is drawn"


def test_what_is_not_there_is_a_blank_panel(digits_store):
    sweep, objects = digits_store
    missing = picture(sweep, lines(sweep)[:1], [0], 99, objects)
    there = picture(sweep, lines(sweep)[:1], [0], 0, objects)
    assert (missing == round(0.9 * 255)).all(axis=2).mean() > 0.2
    assert (there == round(0.9 * 255)).all(axis=2).mean() < 0.2


def test_one_dimensional_rows_are_drawn_too(make_sweep, run_sweep, gaussian_text, tmp_path):
    from raysc.store.objects import Objects

    sweep, objects = make_sweep(gaussian_text, "data.dim=1"), Objects.at(str(tmp_path))
    run_sweep(sweep, objects)
    assert picture(sweep, lines(sweep), [0, 4], 0, objects).std() > 10


@pytest.mark.parametrize("store", ["digits_store", "gaussian_store"])
def test_curves_have_a_panel_per_combination_of_the_other_axes(store, request):
    sweep, objects = request.getfixturevalue(store)
    table = load_table(sweep, objects)
    drawn = pixels(curves_picture(sweep, table))
    panels = 2 if store == "digits_store" else 1
    assert drawn.shape[1] == pytest.approx((3.6 * panels + 2.2) * 110, abs=2)
    assert drawn.std() > 10


def test_curves_of_diverged_runs_and_of_half_a_table_can_be_drawn(gaussian_store):
    sweep, objects = gaussian_store
    table = load_table(sweep, objects)
    assert curves_picture(sweep, table.assign(frechet_distance=float("nan")))
    assert curves_picture(sweep, table[(table["cell"] == 1) & (table["seed"] == 0)])
