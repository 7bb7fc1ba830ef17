"""The network of the normalizing flow: an invertible map from rows to standard normals, made of zuko's transforms."""

import torch
from torch import Tensor, nn
from zuko.distributions import DiagNormal
from zuko.flows import Flow, MaskedAutoregressiveTransform
from zuko.lazy import UnconditionalDistribution
from zuko.transforms import MonotonicRQSTransform


class SplineFlow(nn.Module):
    """Autoregressive transforms, one affine and then rational-quadratic splines (Durkan et al. 2019).

    Splines reach from -5 to 5 and leave the rest as it is; the affine transform before them brings rows there, whatever
    their scale. The order of coordinates is reversed from each transform to the next.
    """

    def __init__(self, dim: int, transforms: int, bins: int, width: int, depth: int) -> None:
        """Args are coordinates of a row, splines, their bins, and the hidden units and layers of each transform."""
        super().__init__()
        hidden, order = [width] * depth, torch.arange(dim)
        shapes = [(bins,), (bins,), (bins - 1,)]
        affine = MaskedAutoregressiveTransform(dim, order=order, hidden_features=hidden, activation=nn.SiLU)
        splines = [
            MaskedAutoregressiveTransform(
                dim,
                order=order if number % 2 else order.flip(0),
                univariate=MonotonicRQSTransform,
                shapes=shapes,
                hidden_features=hidden,
                activation=nn.SiLU,
            )
            for number in range(transforms)
        ]
        base = UnconditionalDistribution(DiagNormal, torch.zeros(dim), torch.ones(dim), buffer=True)
        self.flow = Flow([affine, *splines], base)

    def forward(self, values: Tensor, draw: bool = False) -> Tensor:
        """Log densities (batch,) of rows (batch, dim); or the rows that standard normals (batch, dim) are mapped to."""
        flow = self.flow()
        found: Tensor = flow.transform.inv(values) if draw else flow.log_prob(values)
        return found
