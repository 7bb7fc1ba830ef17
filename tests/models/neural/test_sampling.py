import numpy as np
import pytest
import torch
from scipy.stats import kstest, truncnorm

from raysc.errors import InputError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.family import TrainedFamily
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.sampling import draw_latents, iter_blocks
from raysc.models.neural.state import State
from raysc.rng import Streams
from raysc.settings import Sample, Train

IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
FEW = Sample(steps=3)

families = pytest.mark.parametrize("family", [FlowMatching(width=16), Ddpm(width=16)], ids=["flow_matching", "ddpm"])


@families
@pytest.mark.parametrize(("event", "dtype"), [(IMAGE, np.uint8), ((2,), np.float32)])
def test_any_slice_is_cut_from_one_sequence(family: TrainedFamily, event: tuple[int, ...], dtype: type) -> None:
    state = family.initial(event, SEED_0)
    whole = family.sample(state, 0, 600, FEW, SEED_0)
    assert whole.shape == (1, 600, *event)
    assert whole.dtype == dtype
    for first, count in [(0, 1), (255, 2), (256, 256), (300, 300), (599, 1)]:
        part = family.sample(state, first, count, FEW, SEED_0)
        np.testing.assert_array_equal(part, whole[:, first : first + count])
    assert len(np.unique(whole[0].reshape(600, -1), axis=0)) > 500


@pytest.mark.parametrize(
    ("first", "count", "blocks"), [(0, 1, [0]), (9, 2, [0, 1]), (10, 10, [1]), (25, 20, [2, 3, 4])]
)
def test_blocks_of_a_slice(first: int, count: int, blocks: list[int]) -> None:
    assert list(iter_blocks(first, count, 10)) == blocks


@families
def test_samples_depend_on_seed_generation_and_state_but_not_on_the_global_generators(family: TrainedFamily) -> None:
    state = family.initial((2,), SEED_0)
    first = family.sample(state, 0, 4, FEW, SEED_0)
    torch.manual_seed(5)
    np.testing.assert_array_equal(family.sample(state, 0, 4, FEW, SEED_0), first)
    for streams in (Streams((1,), 0), NEXT):
        assert not np.array_equal(family.sample(state, 0, 4, FEW, streams), first)
    second_state = family.initial((2,), Streams((1,), 0))
    assert not np.array_equal(family.sample(second_state, 0, 4, FEW, SEED_0), first)


def test_the_ema_weights_are_the_ones_that_sample() -> None:
    family = FlowMatching(width=16)
    state, second = family.initial((2,), SEED_0), family.initial((2,), Streams((1,), 0))
    mixed = State(state.config, weights=second.weights, ema=state.ema)
    np.testing.assert_array_equal(family.sample(mixed, 0, 4, FEW, SEED_0), family.sample(state, 0, 4, FEW, SEED_0))


@pytest.mark.parametrize("event", [IMAGE, (2,)])
def test_latents_are_the_generations_or_those_of_generation_0(event: tuple[int, ...]) -> None:
    family = FlowMatching(width=16, depth=1)
    state = family.initial(event, SEED_0)

    def rows(streams: Streams, sample: Sample) -> np.ndarray:
        return family.sample(state, 0, 4, sample, streams)

    repeated, fresh = Sample(steps=1, latents="repeated"), Sample(steps=1, latents="fresh")
    np.testing.assert_array_equal(rows(NEXT, repeated), rows(SEED_0, fresh))
    assert not np.array_equal(rows(NEXT, fresh), rows(SEED_0, fresh))
    np.testing.assert_array_equal(rows(SEED_0, repeated), rows(SEED_0, fresh))


def test_ddpm_has_a_thousand_levels_and_no_more() -> None:
    for event in ((2,), (1, 8, 8)):
        Ddpm().check_settings(event, Train(), Sample(steps=1000))
        with pytest.raises(InputError, match=r"sample\.steps: ddpm has 1000 noise levels"):
            Ddpm().check_settings(event, Train(), Sample(steps=1001))


@pytest.mark.parametrize("truncation", [0.05, 0.5, 2.0])
def test_truncated_latents_are_normal_numbers_within_the_bound(truncation: float) -> None:
    plain, truncated = (
        draw_latents(np.random.default_rng(0), (40, 2), Sample(truncation=bound)) for bound in (None, truncation)
    )
    inside = np.abs(plain) <= truncation
    np.testing.assert_array_equal(truncated[inside], plain[inside])
    assert np.abs(truncated).max() <= truncation
    assert kstest(truncated.reshape(-1), truncnorm(-truncation, truncation).cdf).pvalue > 1e-3


@families
def test_a_truncation_changes_the_rows_whose_latents_it_changes(family: TrainedFamily) -> None:
    state = family.initial((2,), SEED_0)
    plain, truncated = (
        family.sample(state, 0, 300, Sample(steps=3, truncation=bound), SEED_0)[0] for bound in (None, 1.0)
    )
    (generator,) = SEED_0.generators("sample", 0)
    inside = (np.abs(draw_latents(generator, (2,), Sample())) <= 1).all(axis=1)
    np.testing.assert_array_equal(truncated[:256][inside], plain[:256][inside])
    assert (truncated[:256][~inside] != plain[:256][~inside]).any(axis=1).all()
    np.testing.assert_array_equal(
        family.sample(state, 250, 20, Sample(steps=3, truncation=1.0), SEED_0)[0], truncated[250:270]
    )
