import pytest
from torch import nn

from raysc.errors import RayscError
from raysc.models.training.gradient_checkpointing import METHODS, enable_gradient_checkpointing


class Recorder:
    """A network with one of the methods; records its calls."""

    def __init__(self, method: str) -> None:
        self.calls: list[str] = []
        setattr(self, method, lambda: self.calls.append(method))


class Adapted(Recorder):
    """A network with a frozen base."""

    def enable_input_require_grads(self) -> None:
        """Record the call."""
        self.calls.append("inputs")


@pytest.mark.parametrize("method", METHODS)
def test_the_method_of_each_library_is_called(method: str) -> None:
    network = Recorder(method)
    enable_gradient_checkpointing(network)
    assert network.calls == [method]


def test_inputs_of_a_frozen_base_get_gradients() -> None:
    network = Adapted(METHODS[1])
    enable_gradient_checkpointing(network)
    assert network.calls == [METHODS[1], "inputs"]


def test_a_network_without_the_method_is_refused() -> None:
    with pytest.raises(RayscError, match=r"train\.recompute: Linear cannot recompute activations"):
        enable_gradient_checkpointing(nn.Linear(1, 1))
