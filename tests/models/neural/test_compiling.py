"""Compiled networks, on a CPU: compiling changes results by rounding only, and nothing that is stored."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters

from raysc import progress
from raysc.models.diffusion.edm import Edm
from raysc.models.family import FitResult
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.networks.network import Network
from raysc.models.neural import compiling, gpu
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
def switch_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SwitchOn]:
    """Switches on all GPU optimisations, with a compiler that generates no kernels."""

    def switch() -> None:
        for module in (gpu, compiling):
            monkeypatch.setattr(module, "on_gpu", lambda device: True)
        monkeypatch.setattr(compiling, "COMPILE_BACKEND", "aot_eager")
        monkeypatch.setattr(compiling, "MIN_COMPILED_PARAMETERS", 0)
        monkeypatch.setenv("RAYSC_CACHE", str(tmp_path))
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
        start_process()
        assert compiling._compiler_works(CPU)
        counters.clear()

    yield switch
    compiling._compiler_works.cache_clear()
    start_process()


def start_process() -> None:
    """Forget what this process has compiled."""
    compiling._compiled.clear()
    torch.compiler.reset()


def assert_compiled_once() -> None:
    """Assert that one graph was compiled, which is the whole network, and that every later call used it."""
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
def test_training_gives_the_same_up_to_rounding(
    digits: TrainingSet, switch_on: SwitchOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels: list[str] = []

    @contextmanager
    def relabelled(activity: str) -> Iterator[None]:
        with progress.relabelled(activity):
            labels.append(progress.describe())
            yield

    monkeypatch.setattr(compiling, "relabelled", relabelled)

    def two_generations() -> tuple[FitResult, FitResult]:
        first = UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(4), TRAIN, SEED_0)
        return first, UNET.fit(digits, first.state, range(3), TRAIN, NEXT)

    plain_results = two_generations()
    assert not labels
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
    assert labels == ["compiling, then training: 0 of 4 steps"]


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
    reset_process_state()  # the trial ends, and the next one runs in this process
    family.sample(state, 0, 10, sample, SEED_0)
    assert_compiled_once()


def test_the_label_says_how_long_compiling_took_the_last_time(switch_on: SwitchOn) -> None:
    switch_on()
    network = torch.nn.Linear(3, 3)
    assert compiling.first_call(network, "sampling", "linear") is None, "it is not compiled"
    assert compiling.compile_large(network, CPU)
    for label in (r"compiling, then sampling", r"compiling \(.+ the last time\), then sampling"):
        progress.report("sampling", "blocks of rows", 0, 2)
        first = compiling.first_call(network, "sampling", "linear")
        assert first is not None
        shown: list[str] = []

        def forward(rows: Tensor, shown: list[str] = shown) -> Tensor:
            shown.append(progress.describe())
            return torch.as_tensor(network(rows))

        for _ in range(2):
            first.of(forward)(torch.ones(2, 3))
        assert re.fullmatch(label + ": 0 of 2 blocks of rows", shown[0])
        assert shown[1].startswith("sampling: 0 of 2")
        assert compiling.first_call(network, "sampling", "linear") is None
        start_process()
    progress.relay(None)


@pytest.mark.slow
def test_a_process_keeps_the_code_of_many_configurations(switch_on: SwitchOn) -> None:
    switch_on()
    for rows in range(2, 14):  # torch's own limit is 8
        network = torch.nn.Sequential(torch.nn.Linear(3, 3))
        assert compiling.compile_large(network, CPU)
        network(torch.ones(rows, 3))
    assert counters["stats"]["unique_graphs"] == 12


def test_training_in_mixed_precision_is_no_compiling(digits: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accelerate replaces a network's forward, too."""
    monkeypatch.setattr(compiling.FirstCall, "run", lambda *_: pytest.fail("nothing is compiled"))
    bf16 = TRAIN.model_copy(update={"precision": "bf16"})
    UNET.fit(digits, UNET.initial(IMAGE, SEED_0), range(1), bf16, SEED_0)


def test_small_networks_and_those_of_cpus_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu.on_gpu(CUDA)
    assert not gpu.on_gpu(CPU)
    network = sampling_network(UNET.initial(IMAGE, SEED_0))
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert compiling.compile_large(network, CPU)
    monkeypatch.setattr(compiling, "on_gpu", lambda device: True)
    assert compiling.compile_large(network, CPU)


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
    compiling._compiler_works.cache_clear()
    assert compiling._compiler_works(CPU)
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == (setting or str(tmp_path / "compiled"))
    compiling._compiler_works.cache_clear()


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
    compiling._compiler_works.cache_clear()
    assert compiling._compiler_works(CPU)
    assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == (folder and str(tmp_path / folder))
    compiling._compiler_works.cache_clear()


def test_a_compiler_that_fails_is_reported_and_not_used(switch_on: SwitchOn, monkeypatch: pytest.MonkeyPatch) -> None:
    activities: list[str] = []
    monkeypatch.setattr("raysc.models.neural.sampling.report", lambda activity, *_: activities.append(activity))
    state, latents = UNET.initial(IMAGE, SEED_0), []
    switch_on()
    compiling._compiler_works.cache_clear()
    monkeypatch.setattr(compiling, "COMPILE_BACKEND", "no_such_backend")

    def sampler(network: Network, noise: Tensor) -> Tensor:
        latents.append(noise)
        return noise

    with pytest.warns(UserWarning, match=r"torch\.compile fails on this machine: .*no_such_backend"):
        sample_rows(sampler, state, 0, 1, Sample(), SEED_0)
    assert set(activities) == {"sampling uncompiled, as torch.compile fails here"}
    assert len(latents) == 1
