import numpy as np
import pytest
import torch

from raysc.errors import InputError, RayscError
from raysc.models.diffusion.ddpm import Ddpm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.state import State
from raysc.models.neural.value_range import to_rows
from raysc.rng import Streams
from raysc.settings import Sample, Train

IMAGE = (1, 8, 8)
SEED_0 = Streams((0,), 0)
FEW = Sample(steps=3)

families = pytest.mark.parametrize("family", [FlowMatching(width=16), Ddpm(width=16)], ids=["flow_matching", "ddpm"])


@families
@pytest.mark.parametrize(("event", "dtype"), [(IMAGE, np.uint8), ((2,), np.float32)])
def test_any_slice_is_cut_from_one_sequence(family, event, dtype):
    state = family.initial(event, SEED_0)
    whole = family.sample(state, 0, 600, FEW, SEED_0)
    assert whole.shape == (1, 600, *event)
    assert whole.dtype == dtype
    for first, count in [(0, 1), (255, 2), (256, 256), (300, 300), (599, 1)]:
        part = family.sample(state, first, count, FEW, SEED_0)
        np.testing.assert_array_equal(part, whole[:, first : first + count])
    assert len(np.unique(whole[0].reshape(600, -1), axis=0)) > 500


@families
def test_samples_depend_on_seed_generation_and_state_but_not_on_the_global_generators(family):
    state = family.initial((2,), SEED_0)
    first = family.sample(state, 0, 4, FEW, SEED_0)
    torch.manual_seed(5)
    np.testing.assert_array_equal(family.sample(state, 0, 4, FEW, SEED_0), first)
    for streams in (Streams((1,), 0), Streams((0,), 1)):
        assert not np.array_equal(family.sample(state, 0, 4, FEW, streams), first)
    other = family.initial((2,), Streams((1,), 0))
    assert not np.array_equal(family.sample(other, 0, 4, FEW, SEED_0), first)


def test_the_ema_weights_are_the_ones_that_sample():
    family = FlowMatching(width=16)
    state, other = family.initial((2,), SEED_0), family.initial((2,), Streams((1,), 0))
    mixed = State(state.config, weights=other.weights, ema=state.ema)
    np.testing.assert_array_equal(family.sample(mixed, 0, 4, FEW, SEED_0), family.sample(state, 0, 4, FEW, SEED_0))


def test_values_outside_the_range_of_images_are_cut_and_the_others_rounded():
    values = torch.tensor([-3.0, -1.0, -0.0001, 0.5, 1.0, 9.0]).view(1, 1, 1, 6)
    assert to_rows(values).ravel().tolist() == [0, 0, 127, 191, 255, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(RayscError, match="weights have grown too large"):
        to_rows(torch.tensor([[0.0, value]]))


def test_ddpm_has_a_thousand_levels_and_no_more():
    for event in ((2,), (1, 8, 8)):
        Ddpm().check_settings(event, Train(), Sample(steps=1000))
        with pytest.raises(InputError, match=r"sample\.steps: ddpm has 1000 noise levels"):
            Ddpm().check_settings(event, Train(), Sample(steps=1001))
