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


COUPLED = """\
data: {name: gaussian, rows: 20}
model: gaussian
models: {count: 3, each: {data.mean: [0, 1, 5]}, reads: [[0.5, 0, 0.5], [0, 1, 0], [0.98, 0.02, 0]]}
loop: {generations: 4}
space: {regime: mix, lambda: 0.5}
seeds: 1
metrics: [mean_error]
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


def test_a_coupled_model_derives_from_its_data_and_the_samples_that_it_reads(make_sweep: MakeSweep) -> None:
    cells = resolve(make_sweep(COUPLED)).cells[:3]
    data = [f"urn:raysc:data:{key_of(cell.keys.settings['models'][i]['data'])}" for i, cell in enumerate(cells)]
    assert len(set(data)) == 3
    for index, read in enumerate(((0, 2), (1,), (0,))):  # of 20 rows 0.02 are none
        origins = describe("s", cells[index], 0, 3, 20).origins
        assert origins[0] == Origin(data[index], "real rows of gaussian")
        assert origins[1:] == tuple(
            Origin(
                f"urn:raysc:samples:{cells[model].keys.lineage}:seed0:generation2",
                f"samples of generation 2 of model {model}, seed 0",
            )
            for model in read
        )


def test_a_curation_is_named_and_samples_as_they_are_have_none(make_sweep: MakeSweep) -> None:
    text = SUBSAMPLED.replace("accumulate_subsample", "accumulate_subsample, curation: [none, luce]")
    cells = resolve(make_sweep(text)).cells
    assert [describe("s", cell, 0, 3, 20).curation for cell in cells[:2]] == [None, "luce"]
