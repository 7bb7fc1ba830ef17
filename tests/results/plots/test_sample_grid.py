from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from raysc.planning.resolved import ResolvedCell, resolve
from raysc.results.plots.sample_grid import mosaic, read_samples, row_label, sample_grid_png
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep
from tests.results.plots.conftest import Pixels

Store = tuple[Sweep, Objects]
MISSING_SEED = 99
GREY = round(0.9 * 255)

Draw = Callable[[Sweep, Sequence[ResolvedCell], Sequence[int], int, Objects], np.ndarray]


@pytest.fixture
def draw(pixels: Pixels) -> Draw:
    """Draw a grid of samples as uint8 (height, width, 3)."""

    def image(
        sweep: Sweep, cells: Sequence[ResolvedCell], generations: Sequence[int], seed: int, objects: Objects
    ) -> np.ndarray:
        samples = read_samples(cells, generations, seed, objects, images=9)
        return pixels(sample_grid_png(sweep, cells, generations, samples))

    return image


def test_a_mosaic_shows_images_row_by_row() -> None:
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((3, 1, 2, 2), np.uint8) + 1
    assert mosaic(images).tolist() == [[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [0] * 5, [3, 3, 0, 0, 0], [3, 3, 0, 0, 0]]


def test_a_mosaic_keeps_colours() -> None:
    image = np.array([255, 128, 0], np.uint8).reshape(1, 3, 1, 1)
    assert mosaic(image).tolist() == [[[255, 128, 0]]]


def test_the_label_of_a_row_has_one_setting_per_line(digits_store: Store) -> None:
    sweep, _ = digits_store
    assert row_label(sweep, resolve(sweep).cells[0]) == "mix\nlambda 1\ninitial.steps 2"


@pytest.mark.parametrize("store", ["digits_store", "gaussian_store"])
def test_a_grid_grows_with_generations_and_cells(store: str, request: pytest.FixtureRequest, draw: Draw) -> None:
    sweep, objects = request.getfixturevalue(store)
    cells = resolve(sweep).cells
    small = draw(sweep, cells[:1], [0], 0, objects)
    large = draw(sweep, cells[:2], [0, 1, 2], 0, objects)
    assert large.shape[0] > 1.5 * small.shape[0]
    assert large.shape[1] > 1.5 * small.shape[1]
    assert len(np.unique(small.reshape(-1, 3), axis=0)) > 20, "the panel has contents"


def test_a_panel_without_samples_is_grey(digits_store: Store, draw: Draw) -> None:
    sweep, objects = digits_store
    cells = resolve(sweep).cells[:1]
    without = draw(sweep, cells, [0], MISSING_SEED, objects)
    with_samples = draw(sweep, cells, [0], 0, objects)
    assert (without == GREY).all(axis=2).mean() > 0.2
    assert (with_samples == GREY).all(axis=2).mean() < 0.2


def test_one_dimensional_points_are_drawn(
    make_sweep: MakeSweep,
    run_sweep: RunSweep,
    gaussian_text: str,
    tmp_path: Path,
    draw: Draw,
) -> None:
    sweep, objects = make_sweep(gaussian_text, "data.dim=1"), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    assert draw(sweep, resolve(sweep).cells, [0, 4], 0, objects).std() > 10
