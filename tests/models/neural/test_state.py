import pytest
import torch

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.state import are_points
from raysc.rng import Streams
from tests.neural_states import equal_states

IMAGE = (1, 8, 8)
SMALL = FlowMatching(width=16)
SEED_0 = Streams((0,), 0)


def test_initial_weights_differ_between_seeds_and_generations() -> None:
    first = SMALL.initial(IMAGE, SEED_0)
    assert equal_states(first, SMALL.initial(IMAGE, SEED_0))
    for streams in (Streams((1,), 0), Streams((0,), 1)):
        assert not equal_states(first, SMALL.initial(IMAGE, streams))


@pytest.mark.parametrize("event", [(2,), IMAGE])
def test_states_of_perceptrons_are_packs_with_a_seed_axis(event: tuple[int, ...]) -> None:
    pack = SMALL.initial(event, Streams((4, 0), 0))
    assert pack.is_pack
    assert pack.seeds == 2
    assert pack.event == event
    alone = SMALL.initial(event, SEED_0)
    assert alone.seeds == 1
    assert all(torch.equal(pack.weights[name][1], alone.weights[name][0]) for name in alone.weights)


def test_states_of_unets_have_no_seed_axis() -> None:
    unet = FlowMatching(network="unet", channels=8)
    state = unet.initial(IMAGE, SEED_0)
    assert not state.is_pack
    assert state.seeds == 1
    with pytest.raises(ValueError, match="unpack"):
        unet.initial(IMAGE, Streams((0, 1), 0))
    assert are_points((5,))
    assert not are_points(IMAGE)
