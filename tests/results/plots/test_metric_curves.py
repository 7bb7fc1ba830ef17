import pytest

from raysc.planning.resolved import resolve
from raysc.results.plots.metric_curves import metric_curves_png
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.results.plots.conftest import Pixels

Store = tuple[Sweep, Objects]


@pytest.mark.parametrize("store", ["digits_store", "gaussian_store"])
def test_each_combination_of_the_other_axes_has_a_panel(
    store: str, request: pytest.FixtureRequest, pixels: Pixels
) -> None:
    sweep, objects = request.getfixturevalue(store)
    table = load_table(resolve(sweep), objects)
    image = pixels(metric_curves_png(sweep, table))
    panels = 2 if store == "digits_store" else 1
    assert image.shape[1] == pytest.approx((3.6 * panels + 2.2) * 110, abs=2)
    assert image.std() > 10


def test_diverged_seeds_and_incomplete_tables_can_be_drawn(gaussian_store: Store) -> None:
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects)
    assert metric_curves_png(sweep, table.assign(frechet_distance=float("nan")))
    assert metric_curves_png(sweep, table[(table["cell"] == 1) & (table["seed"] == 0)])
