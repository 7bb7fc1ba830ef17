"""GPU optimisations, switched on on a CPU: they change results by rounding only, and nothing that is stored."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters

from raysc.models.diffusion.edm import Edm
from raysc.models.family import FitResult
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.network import Network
from raysc.models.neural import gpu
from raysc.models.neural.augmentation_embedding import sampling_network
from raysc.models.neural.sampling import sample_rows
from raysc.models.training.process_state import reset_process_state
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
UNET = FlowMatching(network="unet", channels=8, multipliers=(1,))
TRAIN = Train(batch=16, micro_batch=8, clip=1.0, ema=Ema(half_life=3), dropout=0.1, augmentation=0.2)

SwitchOn = Callable[[], None]


@pytest.fixture
def switch_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[SwitchOn]:
    """Switches on all GPU optimisations, with a compiler that generates no kernels."""

    def switch() -> None:
        monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
        monkeypatch.setattr(gpu, "COMPILE_BACKEND", "aot_eager")
        monkeypatch.setattr(gpu, "MIN_COMPILED_PARAMETERS", 0)
        torch.compiler.reset()
        assert gpu._compiler_works(CPU)
        counters.clear()

    yield switch
    gpu._compiler_works.cache_clear()
    torch.compiler.reset()


def assert_compiled_once() -> None:
    """Assert that one graph was compiled, which is the whole network, and that every later call used it."""
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
def test_training_gives_the_same_up_to_rounding(
    digits: TrainingSet, switch_on: SwitchOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    activities: list[str] = []
    monkeypatch.setattr("raysc.models.training.loop.report", lambda activity, *_: activities.append(activity))

    def two_generations() -> tuple[FitResult, FitResult]:
        first = UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(4), TRAIN, SEED_0)
        return first, UNET.fit(digits, first.state, range(3), TRAIN, NEXT)

    plain_results = two_generations()
    assert set(activities) == {"training"}
    activities.clear()
    switch_on()
    for plain, result in zip(plain_results, two_generations(), strict=True):
        assert result.loss == pytest.approx(plain.loss, rel=1e-4)
        for group in ("weights", "ema", "moments"):
            tensors, expected = getattr(result.state, group), getattr(plain.state, group)
            assert tensors.keys() == expected.keys()
            close = [torch.isclose(tensors[name], expected[name], rtol=1e-2, atol=1e-4).flatten() for name in expected]
            # AdamW amplifies rounding where the gradient is 0 up to rounding, as for the key bias of attention
            assert torch.cat(close).float().mean() > 0.99, group
            assert all(tensor.is_contiguous() for tensor in tensors.values()), group
    assert_compiled_once()  # for both generations
    assert activities[:2] == ["compiling, then training", "training"]


@pytest.mark.slow
def test_sampling_gives_the_same_up_to_rounding_and_leaves_the_state(switch_on: SwitchOn) -> None:
    family = Edm(network="unet", channels=8, multipliers=(1,))
    state = family.initial(IMAGE, SEED_0)
    sample = Sample(steps=3)
    plain = family.sample(state, 0, 300, sample, SEED_0)
    switch_on()
    rows = family.sample(state, 0, 300, sample, SEED_0)
    assert np.abs(rows.astype(int) - plain.astype(int)).max() <= 1
    assert all(tensor.is_contiguous() for tensor in state.ema.values())
    assert_compiled_once()
    # the next generation's network is another one of the same configuration
    family.sample(family.initial(IMAGE, NEXT), 0, 10, sample, NEXT)
    assert_compiled_once()
    reset_process_state()  # the trial ends
    family.sample(state, 0, 10, sample, SEED_0)
    assert counters["stats"]["unique_graphs"] == 2


def test_convolutions_are_channels_last_on_gpus_only(switch_on: SwitchOn) -> None:
    state = UNET.initial(IMAGE, SEED_0)

    def is_channels_last(network: Any) -> bool:
        weight: Tensor = network.down_blocks[0].resnets[0].conv1.weight
        return weight.is_contiguous(memory_format=torch.channels_last)

    assert not is_channels_last(gpu.to_channels_last(sampling_network(state), CPU))
    switch_on()
    network = gpu.to_channels_last(sampling_network(state), CPU)
    assert is_channels_last(network)
    assert all(torch.equal(value, state.ema[name]) for name, value in network.named_parameters())


def test_small_networks_and_those_of_cpus_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu.on_gpu(CUDA)
    assert not gpu.on_gpu(CPU)
    network = sampling_network(UNET.initial(IMAGE, SEED_0))
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert gpu.compile_large(network, CPU)
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
    assert gpu.compile_large(network, CPU)


def test_training_may_go_uncompiled(digits: TrainingSet, switch_on: SwitchOn, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_on()
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    off = TRAIN.model_copy(update={"compile": "off"})
    UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(1), off, SEED_0)
    with pytest.raises(pytest.fail.Exception):
        UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(1), TRAIN, SEED_0)


@pytest.mark.parametrize("setting", [None, "elsewhere"])
def test_compiled_code_lies_in_the_cache_folder(
    setting: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYSC_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", setting or "")
    if setting is None:
        monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    gpu._compiler_works.cache_clear()
    assert gpu._compiler_works(CPU)
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == (setting or str(tmp_path / "compiled"))
    gpu._compiler_works.cache_clear()


@pytest.mark.parametrize(("cache", "folder"), [("relative", "relative/compiled"), ("file", None)])
def test_compiled_code_lies_in_an_absolute_folder_that_can_be_written(
    cache: str, folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAYSC_CACHE", cache)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # restored after the test, also where it was not set
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    gpu._compiler_works.cache_clear()
    assert gpu._compiler_works(CPU)
    assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == (folder and str(tmp_path / folder))
    gpu._compiler_works.cache_clear()


def test_a_compiler_that_fails_is_reported_and_not_used(switch_on: SwitchOn, monkeypatch: pytest.MonkeyPatch) -> None:
    activities: list[str] = []
    monkeypatch.setattr("raysc.models.neural.sampling.report", lambda activity, *_: activities.append(activity))
    state, latents = UNET.initial(IMAGE, SEED_0), []
    switch_on()
    gpu._compiler_works.cache_clear()
    monkeypatch.setattr(gpu, "COMPILE_BACKEND", "no_such_backend")

    def sampler(network: Network, noise: Tensor) -> Tensor:
        latents.append(noise)
        return noise

    with pytest.warns(UserWarning, match=r"torch\.compile fails on this machine: .*no_such_backend"):
        sample_rows(sampler, state, 0, 1, Sample(), SEED_0)
    assert set(activities) == {"sampling uncompiled, as torch.compile fails here"}
    assert len(latents) == 1


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
