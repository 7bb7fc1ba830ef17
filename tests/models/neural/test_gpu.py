"""Layouts and batches on GPUs, switched on on a CPU."""

import threading
from typing import Any

import pytest
import torch
from torch import Tensor

from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural import gpu
from raysc.models.neural.augmentation_embedding import sampling_network
from raysc.rng import Streams

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_convolutions_are_channels_last_on_gpus_only(monkeypatch: pytest.MonkeyPatch) -> None:
    family = FlowMatching(network="unet", channels=8, multipliers=(1,))
    state = family.initial((1, 8, 8), Streams((0,), 0))

    def is_channels_last(network: Any) -> bool:
        weight: Tensor = network.down_blocks[0].resnets[0].conv1.weight
        return weight.is_contiguous(memory_format=torch.channels_last)

    assert not is_channels_last(gpu.to_channels_last(sampling_network(state), CPU))
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
    network = gpu.to_channels_last(sampling_network(state), CPU)
    assert is_channels_last(network)
    assert all(torch.equal(value, state.ema[name]) for name, value in network.named_parameters())


def test_a_thread_makes_the_next_batch_while_this_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "on_gpu", lambda device: device == CUDA)
    started = {step: threading.Event() for step in range(3, 8)}
    calls: list[tuple[int, threading.Thread]] = []

    def make(step: int) -> int:
        started[step].set()
        calls.append((step, threading.current_thread()))
        return 10 * step

    for step, item in zip(range(3, 8), gpu.prefetch(make, range(3, 8), CUDA), strict=True):
        assert item == 10 * step
        assert step == 7 or started[step + 1].wait(300)
    assert [step for step, _ in calls] == list(range(3, 8))
    assert all(thread is not threading.current_thread() for _, thread in calls)
    on_cpu = list(gpu.prefetch(lambda step: threading.current_thread(), range(2), CPU))
    assert on_cpu == [threading.current_thread()] * 2


def test_an_error_in_the_thread_is_raised_in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)

    def make(step: int) -> int:
        if step == 2:
            raise ValueError("no rows")
        return step

    steps = gpu.prefetch(make, range(5), CPU)
    assert [next(steps), next(steps)] == [0, 1]
    with pytest.raises(ValueError, match="no rows"):
        next(steps)
