"""Heun sampling of EDM: deterministic given the latents (Karras et al. 2022)."""

import itertools
from collections.abc import Callable, Sequence

from torch import Tensor


def heun(denoise: Callable[[Tensor, Tensor], Tensor], latents: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Denoise latents (batch, *event) level by level (Karras et al. 2022, algorithm 1 with sigma(t) = t and s(t) = 1).

    A step evaluates the denoiser twice, and the last one, to sigma = 0, once.

    Args:
        denoise: (x, sigma) -> D(x; sigma), the expected row without noise; sigma is (1,).
        latents: standard normal.
        sigmas: descending, the last one 0; see ``karras_sigmas``.
    """

    def derivative(x: Tensor, sigma: float) -> Tensor:
        """Return dx/dsigma."""
        return (x - denoise(x, x.new_full((1,), sigma))) / sigma

    x = latents * sigmas[0]
    for sigma_cur, sigma_next in itertools.pairwise(sigmas):
        d_cur = derivative(x, sigma_cur)
        x_next = x + (sigma_next - sigma_cur) * d_cur
        if sigma_next != 0:
            d_prime = derivative(x_next, sigma_next)
            x_next = x + (sigma_next - sigma_cur) / 2 * (d_cur + d_prime)
        x = x_next
    return x
