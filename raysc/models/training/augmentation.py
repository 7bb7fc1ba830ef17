"""EDM's augmentation: images are flipped, scaled, turned, stretched and moved, and the network is told how.

Non-leaking augmentation (Karras et al. 2022, arXiv 2206.00364, appendix F.2; after StyleGAN2-ADA, Karras et al. 2020,
arXiv 2006.06676, appendix B). A network that is told "nothing was done" draws images that nothing was done to.

What is done to an image are eight numbers, a_0 to a_7 in the paper's order:

    0  flipped left to right, 0 or 1: every image with probability 1/2, whatever the share
    1  flipped top to bottom, 0 or 1; it, too, is 1 for half of the images that it is drawn for
    2  scaled by 2^(0.2 a_2)
    3  turned counter-clockwise by a_3, in radians, -pi to pi
    4, 5  stretched by 2^(0.2 a_5) along the direction a_4, and shrunk as much across it
    6, 7  moved right and down by a_6 / 8 and a_7 / 8 of its width and height

Each of the five last groups is drawn with the probability that is the share, independently; else it is 0. As in the
paper's code the direction of stretching is the horizontal for half of the stretched images.
"""

from functools import cache
from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor, nn

from raysc.models.neural.gpu import sent

CPU = torch.device("cpu")
PARAMETERS, CONDITIONS = 8, 9
STEP, MOVE = 0.2, 1 / 8
SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
"""The scaling filter of Daubechies' least asymmetric wavelet with six vanishing moments."""
CENTRE = sum(place * value for place, value in enumerate(SYM6)) / sqrt(2)
"""Where the filter puts what it is given, in its own taps: exact for images that rise in a straight line."""
MARGIN = 4
"""Pixels to either side of a place that the filter and the interpolation after it reach."""


def drawn(share: float, count: int, draws: np.random.Generator) -> np.ndarray:
    """What is done to the images of a batch: a_0 to a_7 of each, float64 (count, 8).

    Args:
        share: probability of each group but the flips left to right, 0 to 1.
        count: images.
        draws: a stream; how much is taken of it depends on ``count`` alone.
    """
    happens = draws.random((5, count)) < share
    flips = (draws.random((2, count)) < 0.5).astype(np.float64)
    angles = (2 * draws.random((2, count)) - 1) * pi
    turned = draws.random(count) < 0.5
    normals = draws.standard_normal((4, count))
    flipped, scaled, rotated, stretched, moved = happens
    columns = [
        flips[0],
        flips[1] * flipped,
        normals[0] * scaled,
        angles[0] * rotated,
        angles[1] * (turned & stretched),
        normals[1] * stretched,
        normals[2] * moved,
        normals[3] * moved,
    ]
    return np.stack(columns, axis=1)


def condition(parameters: np.ndarray) -> np.ndarray:
    """What the network is told of a_0 to a_7 (count, 8): float32 (count, 9), zero for an image that is as it was."""
    flip_x, flip_y, scale, angle, direction, stretch, right, down = parameters.T
    told = [
        flip_x,
        flip_y,
        scale,
        np.cos(angle) - 1,
        np.sin(angle),
        stretch * np.cos(direction),
        stretch * np.sin(direction),
        right,
        down,
    ]
    return np.stack(told, axis=1).astype(np.float32)


def augmented(images: Tensor, parameters: np.ndarray) -> Tensor:
    """The images after what a_0 to a_7 say is done to them.

    Flips take pixels as they are. Everything else is one resampling: to twice the resolution by a wavelet filter, there
    bilinear, and back by the same filter, so that nothing is lost where images stay or move by whole pixels. Beyond its
    edges an image goes on as its mirror image, as often as need be.

    Args:
        images: float32 (count, channels, height, width).
        parameters: as ``drawn`` gives them, (count, 8).

    Returns:
        float32 (count, channels, height, width), new.
    """

    def where(which: np.ndarray) -> Tensor:
        return sent(torch.from_numpy(np.flatnonzero(which)), images.device)

    images = images.clone()
    for column, axis in ((0, 3), (1, 2)):
        chosen = where(parameters[:, column] > 0)
        images[chosen] = images[chosen].flip(axis)
    warped = (parameters[:, 2:] != 0).any(axis=1)
    if warped.any():
        chosen = where(warped)
        images[chosen] = _resampled(images[chosen], _inverse(parameters[warped], *images.shape[2:]))
    return images


def _inverse(parameters: np.ndarray, height: int, width: int) -> np.ndarray:
    """From places in the new images to those in the old ones, float64 (count, 2, 3).

    Places are (right, down) from the middle of the image, in pixels.
    """
    _, _, scale, angle, direction, stretch, right, down = parameters.T
    along, across = np.cos(direction), np.sin(direction)
    longer, shorter = 2 ** (STEP * stretch), 2 ** (-STEP * stretch)
    # direction and what is across it are the eigenvectors of the stretching, whose inverse swaps its two factors
    mixed = along * across * (shorter - longer)
    stretched = _matrices(
        along**2 * shorter + across**2 * longer, mixed, mixed, across**2 * shorter + along**2 * longer
    )
    turned = _matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    linear = turned @ stretched / (2 ** (STEP * scale))[:, None, None]
    moved = MOVE * np.stack([right * width, down * height], axis=1)[:, :, None]
    return np.concatenate([linear, -linear @ moved], axis=2)


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """((a, b), (c, d)), (count, 2, 2)."""
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2)


def _resampled(images: Tensor, inverse: np.ndarray) -> Tensor:
    """Images (count, channels, height, width) seen through the maps of ``_inverse`` (count, 2, 3)."""
    device, (height, width) = images.device, images.shape[2:]
    (up_down, back_down), (up_right, back_right) = _filters(height, device), _filters(width, device)
    fine = up_down @ images @ up_right.T
    ends, middle, periods, last = _places(height, width, device)
    maps = sent(torch.from_numpy(inverse.astype(np.float32)), device)
    places = torch.einsum("yxi,noi->nyxo", ends, maps[:, :, :2]) + maps[:, None, None, :, 2] + middle
    seen = places.remainder(periods)
    found = nn.functional.grid_sample(fine, (2 * (seen + MARGIN) + CENTRE) / last * 2 - 1, align_corners=True)
    return back_down @ found @ back_right.T


@cache
def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What resampling images of some size needs on a device, brought there once: a copy makes a GPU wait.

    A value of the new fine grid lies at (index - CENTRE) / 2 pixels, one of the old grid MARGIN further left.

    Returns:
        Where the values of the new fine grid lie, from the middle of an image, float32 (down, right, 2); and as (right,
        down) where the middle is, after how many pixels an image repeats itself, and the last index of the old grid.
    """
    (up_down, back_down), (up_right, back_right) = _filters(height, CPU), _filters(width, CPU)
    right, down = ((torch.arange(back.shape[1]) - CENTRE) / 2 for back in (back_right, back_down))
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    ends = torch.stack(torch.meshgrid(right, down, indexing="xy"), dim=-1) - middle
    periods = torch.tensor([float(_period(width)), float(_period(height))])
    last = torch.tensor([len(up_right) - 1.0, len(up_down) - 1.0])
    return ends.to(device), middle.to(device), periods.to(device), last.to(device)


@cache
def _filters(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """From an axis of ``side`` pixels to twice the resolution, and back: two matrices, float32, on a device.

    The first gives one period of the axis that goes on as its mirror image for ever, with ``MARGIN`` pixels more on
    either side; the second takes as many fine values as all of its pixels need. The filter is orthonormal: the second
    after the first, without their margins, changes nothing.
    """
    pixels = np.arange(-MARGIN, _period(side) + MARGIN) % _period(side)
    mirrored = np.minimum(pixels, _period(side) - pixels)
    up = np.zeros((2 * len(pixels) + len(SYM6) - 2, side), np.float32)
    down = np.zeros((side, 2 * side + len(SYM6) - 2), np.float32)
    for place, tap in enumerate(SYM6):
        up[2 * np.arange(len(pixels)) + place, mirrored] += tap
        down[np.arange(side), 2 * np.arange(side) + place] += tap
    return torch.from_numpy(up).to(device), torch.from_numpy(down).to(device)


def _period(side: int) -> int:
    """After how many pixels an axis repeats itself that is mirrored in its first and its last pixel."""
    return 2 * max(side - 1, 1)
