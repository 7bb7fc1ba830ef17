"""What is done on GPUs, done on a CPU: it changes nothing beyond rounding, and nothing of what is stored."""

import threading

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural import gpu
from raysc.models.neural.augmentation_embedding import sampling_network
from raysc.models.neural.sampling import sample_rows
from raysc.models.training.loop import reset_accelerator
from raysc.rng import Streams
from raysc.settings import Ema, Sample, Train

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
IMAGE = (1, 8, 8)
SEED_0, NEXT = Streams((0,), 0), Streams((0,), 1)
UNET = FlowMatching(network="unet", channels=8, multipliers=(1,))
TRAIN = Train(batch=16, micro_batch=8, clip=1.0, ema=Ema(half_life=3), dropout=0.1, augmentation=0.2)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Everything that GPUs alone are given, but for the compiler's code."""

    def switch():
        monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
        monkeypatch.setattr(gpu, "BACKEND", "aot_eager")
        monkeypatch.setattr(gpu, "LARGE", 0)
        torch.compiler.reset()
        assert gpu._compiler_works(CPU)
        counters.clear()

    yield switch
    gpu._compiler_works.cache_clear()
    torch.compiler.reset()


def compiled_once():
    """Whether one graph was compiled, which is all of the network, and was used ever since."""
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
def test_training_gives_the_same_but_for_rounding(digits, as_on_a_gpu):
    def two_generations():
        first = UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(4), TRAIN, SEED_0)
        return first, UNET.fit(digits, first.state, range(3), TRAIN, NEXT)

    plain = two_generations()
    as_on_a_gpu()
    for before, fitted in zip(plain, two_generations(), strict=True):
        assert fitted.loss == pytest.approx(before.loss, rel=1e-4)
        for group in ("weights", "ema", "moments"):
            ours, theirs = getattr(fitted.state, group), getattr(before.state, group)
            assert ours.keys() == theirs.keys()
            close = [torch.isclose(ours[name], theirs[name], rtol=1e-2, atol=1e-4).flatten() for name in theirs]
            # AdamW makes much of rounding where a gradient is zero but for that, as that of attention's key bias
            assert torch.cat(close).float().mean() > 0.99, group
            assert all(tensor.is_contiguous() for tensor in ours.values()), group
    compiled_once()  # for both generations


def test_sampling_gives_the_same_but_for_rounding_and_leaves_the_state(as_on_a_gpu):
    family = Edm(network="unet", channels=8, multipliers=(1,))
    state = family.initial(IMAGE, SEED_0)
    sample = Sample(steps=3)
    plain = family.sample(state, 0, 300, sample, SEED_0)
    as_on_a_gpu()
    found = family.sample(state, 0, 300, sample, SEED_0)
    assert np.abs(found.astype(int) - plain.astype(int)).max() <= 1
    assert all(tensor.is_contiguous() for tensor in state.ema.values())
    compiled_once()
    # the next generation's network is another one of the same kind
    family.sample(family.initial(IMAGE, NEXT), 0, 10, sample, NEXT)
    compiled_once()
    reset_accelerator()  # the trial ends
    family.sample(state, 0, 10, sample, SEED_0)
    assert counters["stats"]["unique_graphs"] == 2


def test_convolutions_lie_channels_last_on_gpus_alone(as_on_a_gpu):
    state = UNET.initial(IMAGE, SEED_0)

    def lies(network):
        return network.down_blocks[0].resnets[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)

    assert not lies(gpu.laid_out(sampling_network(state), CPU))
    as_on_a_gpu()
    network = gpu.laid_out(sampling_network(state), CPU)
    assert lies(network)
    assert all(torch.equal(value, state.ema[name]) for name, value in network.named_parameters())


def test_small_networks_and_those_of_cpus_are_not_compiled(monkeypatch):
    assert gpu.on_gpu(CUDA)
    assert not gpu.on_gpu(CPU)
    network = sampling_network(UNET.initial(IMAGE, SEED_0))
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert gpu.compile_large(network, CPU)
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)
    assert gpu.compile_large(network, CPU)


def test_a_compiler_that_fails_is_told_of_and_done_without(as_on_a_gpu, monkeypatch):
    told = []
    monkeypatch.setattr("raysc.models.neural.sampling.tell", lambda what, *_: told.append(what))
    state, latents = UNET.initial(IMAGE, SEED_0), []
    as_on_a_gpu()
    gpu._compiler_works.cache_clear()
    monkeypatch.setattr(gpu, "BACKEND", "no_such_backend")
    with pytest.warns(UserWarning, match=r"torch\.compile fails on this machine: .*no_such_backend"):
        sample_rows(lambda network, noise: latents.append(noise) or noise, state, 0, 1, Sample(), SEED_0)
    assert set(told) == {"sampling uncompiled, as torch.compile fails here"}
    assert len(latents) == 1


def test_a_thread_makes_the_next_batch_while_this_one_is_used(monkeypatch):
    monkeypatch.setattr(gpu, "on_gpu", lambda device: device == CUDA)
    begun, made = {step: threading.Event() for step in range(3, 8)}, []

    def make(step):
        begun[step].set()
        made.append((step, threading.current_thread()))
        return 10 * step

    for step, found in zip(range(3, 8), gpu.ahead(make, range(3, 8), CUDA), strict=True):
        assert found == 10 * step
        assert step == 7 or begun[step + 1].wait(10)
    assert [step for step, _ in made] == list(range(3, 8))
    assert all(thread is not threading.current_thread() for _, thread in made)
    assert list(gpu.ahead(lambda step: threading.current_thread(), range(2), CPU)) == [threading.current_thread()] * 2


def test_what_fails_in_the_thread_fails_in_training(monkeypatch):
    monkeypatch.setattr(gpu, "on_gpu", lambda device: True)

    def make(step):
        if step == 2:
            raise ValueError("no rows")
        return step

    steps = gpu.ahead(make, range(5), CPU)
    assert [next(steps), next(steps)] == [0, 1]
    with pytest.raises(ValueError, match="no rows"):
        next(steps)
