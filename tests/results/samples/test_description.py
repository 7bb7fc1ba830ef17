from raysc.planning.resolved import resolve
from raysc.results.samples.description import Origin, describe
from raysc.store.keys import key_of
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

SUBSAMPLED = """\
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: accumulate_subsample}
seeds: 1
metrics: [feature_variance]
"""


def test_a_generation_derives_from_the_rows_of_its_training_set(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, _ = gaussian_store
    mix = next(cell for cell in resolve(sweep).cells if cell.settings.lambda_ == 0.5)
    description = describe(sweep.name, mix, 2, 3, 20)
    data, lineage = key_of(mix.keys.settings["data"]), mix.keys.lineage
    assert description.origins == (
        Origin(f"urn:raysc:data:{data}", "real rows of gaussian"),
        Origin(f"urn:raysc:samples:{lineage}:seed2:generation2", "samples of generation 2, seed 2"),
    )
    assert description.training_rows == {"all": 30, "real": 20, "synthetic": 10}
    assert (description.lineage, description.regime, description.lambda_) == (lineage, "mix", 0.5)


def test_generation_0_derives_from_real_rows_and_has_the_key_that_cells_share(
    digits_store: tuple[Sweep, Objects],
) -> None:
    sweep, _ = digits_store
    cell = resolve(sweep).cells[0]
    description = describe(sweep.name, cell, 0, 0, 24)
    assert [origin.label for origin in description.origins] == ["real rows of digits"]
    assert cell.keys.generation_zero is not None
    assert description.lineage == cell.keys.generation_zero.rows
    assert (description.sampler, description.sampling) == ("default of flow_matching", {"steps": 2})


def test_a_subsampled_training_set_has_no_fixed_share(make_sweep: MakeSweep) -> None:
    cell = resolve(make_sweep(SUBSAMPLED)).cells[0]
    description = describe("s", cell, 0, 3, 20)
    assert description.training_rows == {"all": 20}
    assert len(description.origins) == 4
