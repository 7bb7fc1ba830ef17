from dataclasses import replace

import torch

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.build import with_weights
from raysc.models.networks.network import predict
from raysc.models.neural.augmentation_embedding import (
    LAYER,
    sampling_network,
    with_augmentation_embedding,
    without_augmentation_embedding,
)
from raysc.rng import Streams
from tests.neural_states import equal_states, equal_tensors

IMAGE = (1, 8, 8)
STATE = FlowMatching(network="unet", channels=8).initial(IMAGE, Streams((0,), 0))


def test_a_new_layer_has_weights_of_0_and_is_removed_again() -> None:
    embedded = with_augmentation_embedding(STATE, 9)
    assert embedded.weights[LAYER].shape == (32, 9)
    assert not embedded.weights[LAYER].any()
    assert not embedded.ema[LAYER].any()
    assert with_augmentation_embedding(embedded, 9) is embedded
    plain = without_augmentation_embedding(embedded)
    assert plain.config == STATE.config
    assert equal_states(plain, STATE)
    assert with_augmentation_embedding(STATE, 0) is STATE
    assert equal_states(with_augmentation_embedding(embedded, 0), STATE)


def test_the_layer_is_added_to_an_average_that_does_not_sample() -> None:
    averaged = replace(STATE, average=STATE.ema)
    embedded = with_augmentation_embedding(averaged, 9)
    assert not embedded.average[LAYER].any()
    assert equal_states(without_augmentation_embedding(embedded), averaged)


def test_the_sampling_network_has_ema_weights_and_no_layer() -> None:
    network = sampling_network(with_augmentation_embedding(STATE, 9))
    assert not network.training
    assert equal_tensors(dict(network.named_parameters()), STATE.ema)


def test_labels_change_the_output_once_the_layer_has_weights() -> None:
    embedded = with_augmentation_embedding(STATE, 9)
    rows, times = torch.zeros(2, *IMAGE), torch.tensor([1.0, 500.0])
    weights = embedded.ema | {LAYER: torch.ones(32, 9)}
    with torch.no_grad():
        network = with_weights(embedded.config, weights)
        without_labels = predict(sampling_network(STATE), rows, times)
        assert torch.equal(predict(network, rows, times, torch.zeros(2, 9)), without_labels)
        assert not torch.equal(predict(network, rows, times, torch.ones(2, 9)), without_labels)
