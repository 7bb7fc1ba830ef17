import subprocess
import sys

import torch

from raysc.models.training.fused_adamw import FusedAdamW

WITHOUT_COMPILER = """
import sys
import torch
from raysc.models.training.fused_adamw import FusedAdamW
weight = torch.zeros(2, requires_grad=True)
weight.sum().backward()
FusedAdamW([weight], 1e-3, 0.0).step()
assert weight.tolist() != [0, 0]
assert "torch._dynamo" not in sys.modules
"""


def test_values_are_those_of_torch_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 7, 5), (3, 5), (3, 2)]
    starts = [torch.randn(shape, generator=generator) for shape in shapes]
    parameters = [[start.clone().requires_grad_() for start in starts] for _ in range(2)]
    fused = FusedAdamW(parameters[0], 1e-3, 0.1)
    expected = torch.optim.AdamW(parameters[1], lr=1e-3, weight_decay=0.1, fused=True)
    for step in range(5):
        for optimizer in (fused, expected):
            optimizer.param_groups[0]["lr"] = 1e-2 / (step + 1)
        for of_both in zip(*parameters, strict=True):
            gradient = torch.randn(of_both[0].shape, generator=generator)
            for parameter in of_both:
                parameter.grad = gradient.clone()
        parameters[0][2].grad = parameters[1][2].grad = None  # its state stays empty, as torch's does
        fused.step()
        expected.step()
        for parameter, of_torch in zip(*parameters, strict=True):
            assert torch.equal(parameter, of_torch)
            state, state_of_torch = fused.state[parameter], expected.state[of_torch]
            assert list(state) == list(state_of_torch)
            assert all(torch.equal(value, state_of_torch[name]) for name, value in state.items())


def test_a_step_does_not_import_the_compiler_of_torch() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], check=True)
