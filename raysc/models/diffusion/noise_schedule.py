"""The noise levels of DDPM: how much of a row each of them keeps, and which of them sampling visits."""

import itertools
from functools import cache
from math import cos, pi
from typing import Literal

import numpy as np
import torch
from torch import Tensor

LEVELS, FIRST_BETA, LAST_BETA, LARGEST_BETA = 1000, 1e-4, 0.02, 0.999
CPU = torch.device("cpu")

Betas = Literal["linear", "cosine"]
Spacing = Literal["even", "quadratic"]


@cache
def signal_kept(betas: Betas, device: torch.device = CPU) -> Tensor:
    """How much of a row's variance each noise level keeps: alpha-bar, float32 (1000,).

    Args:
        betas: linear from 1e-4 to 0.02 (Ho et al. 2020, section 4), or the cosine schedule (Nichol and Dhariwal 2021,
            arXiv 2102.09672, equation 17) with betas of at most 0.999.
        device: where it is; it is brought there once, since a copy makes a GPU wait.
    """
    if device != CPU:
        return signal_kept(betas).to(device)
    if betas == "linear":
        return (1 - torch.linspace(FIRST_BETA, LAST_BETA, LEVELS)).cumprod(0)
    edges = [cos((level / LEVELS + 0.008) / 1.008 * pi / 2) ** 2 for level in range(LEVELS + 1)]
    added = [min(1 - after / before, LARGEST_BETA) for before, after in itertools.pairwise(edges)]
    return (1 - torch.tensor(added)).cumprod(0)


def visited(steps: int, spacing: Spacing) -> list[int]:
    """The levels at which sampling asks the network, from the noisiest one down to level 0.

    Args:
        steps: at most 1000.
        spacing: even strides from level 999 on; or quadratic (Song et al. 2021, arXiv 2010.02502, appendix D.2): the
            squares of ``steps`` even strides from 0 to sqrt(800), rounded down. Several of the smallest may be one
            level, which is then visited once.
    """
    if spacing == "even":
        return [round(LEVELS * left / steps) - 1 for left in range(steps, 0, -1)]
    squares = np.linspace(0, (0.8 * LEVELS) ** 0.5, steps) ** 2
    return sorted({int(square) for square in squares}, reverse=True)
