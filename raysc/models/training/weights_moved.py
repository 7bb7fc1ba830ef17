"""Movement of weights: a run whose steps changed nothing is recorded as such."""

import numpy as np
import torch
from torch import Tensor

from raysc.models.networks.network import Tensors


def weights_moved(before: Tensors, after: Tensors, dtype: torch.dtype, seeds: int = 1) -> np.ndarray:
    """Return the seeds of which some trained weight differs from the start of a run, bool (seeds,).

    Args:
        before: weights that the run started from.
        after: its trained weights, float32; those that do not train are not among them.
        dtype: dtype of the weights within the run, to which the start was rounded.
        seeds: leading axis of the tensors of a pack; 1 for tensors without it.
    """
    changed = [_changed(before[name], values, dtype, seeds) for name, values in after.items()]
    if not changed:
        return np.zeros(seeds, bool)
    moved: np.ndarray = torch.stack(changed).any(dim=0).cpu().numpy()
    return moved


def _changed(before: Tensor, after: Tensor, dtype: torch.dtype, seeds: int) -> Tensor:
    start = before.to(after.device).to(dtype).to(after.dtype)
    return (start != after).reshape(seeds, -1).any(dim=1)
