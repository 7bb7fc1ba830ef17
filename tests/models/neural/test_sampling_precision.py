import numpy as np
import pytest
import torch

from raysc.errors import RayscError
from raysc.models.diffusion.edm import Edm
from raysc.models.flows.flow_matching import FlowMatching
from raysc.models.neural.sampling_precision import in_precision, precision_context
from raysc.rng import Streams
from raysc.settings import Sample

CPU, GPU, STREAMS = torch.device("cpu"), torch.device("cuda"), Streams((0,), 0)


def test_fp32_leaves_the_network_as_it_is() -> None:
    network = torch.nn.Linear(2, 2)
    assert in_precision(network, "fp32", CPU) is network


def test_bf16_rounds_the_network_and_returns_float32() -> None:
    network, rows = torch.nn.Linear(64, 64), torch.linspace(-1, 1, 640).view(10, 64)
    with torch.inference_mode():
        full, half = network(rows), in_precision(network, "bf16", CPU)(rows)
    assert half.dtype == torch.float32
    assert not torch.equal(full, half)
    assert torch.equal(half, half.bfloat16().float())
    assert (full - half).abs().max() < 0.02


@pytest.mark.parametrize("precision", ["tf32", "fp16"])
def test_precisions_of_gpus_are_refused_on_a_cpu(precision: str) -> None:
    with pytest.raises(RayscError, match=f"{precision} needs a GPU, and this process has none"):
        precision_context(precision, CPU)


def test_tf32_is_set_within_its_context_only() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    with precision_context("tf32", GPU):
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
    assert torch.backends.cuda.matmul.allow_tf32 == before


@pytest.mark.parametrize("family", [FlowMatching(network="unet", channels=8), Edm(width=32)])
def test_images_in_bf16_are_nearly_those_in_fp32(family: FlowMatching | Edm) -> None:
    state = family.initial((1, 8, 8), STREAMS)
    full, half = (
        family.sample(state, 0, 4, Sample(steps=3, precision=precision), STREAMS).astype(int)
        for precision in ("fp32", "bf16")
    )
    assert not np.array_equal(full, half)
    assert np.abs(full - half).mean() < 2
