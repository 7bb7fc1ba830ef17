"""EDM's augmentation: flips, scales, rotations, stretches and translations of images, with labels for the network.

Non-leaking augmentation (Karras et al. 2022, arXiv 2206.00364, appendix F.2; after StyleGAN2-ADA, Karras et al. 2020,
arXiv 2006.06676, appendix B). With labels of 0, "no augmentation", the network samples images without augmentation.

Eight numbers per image, a_0 to a_7 in the paper's order:

    0  flip left to right, 0 or 1: every image with probability 1/2, whatever the probability of the other changes
    1  flip top to bottom, 0 or 1: 1 for half of the images that draw this group
    2  scale by 2^(0.2 a_2)
    3  rotation counter-clockwise by a_3, in radians, -pi to pi
    4, 5  stretch by 2^(0.2 a_5) along the direction a_4, and by 2^(-0.2 a_5) across it
    6, 7  translation right and down by a_6 / 8 and a_7 / 8 of width and height

Each of the last five groups is drawn independently with the given probability, and is 0 otherwise. As in the paper's
code, the direction of the stretch is horizontal for half of the stretched images.
"""

from functools import cache
from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor, nn

from raysc.models.neural.gpu import to_device

CPU = torch.device("cpu")
NUM_LABELS = 9
"""Augmentation labels per image."""
LOG2_SCALE_STD, TRANSLATION_STD = 0.2, 1 / 8
"""Standard deviations: of log2 of scale and stretch; of translations, as a share of width and height."""
SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
"""Scaling filter of Daubechies' least asymmetric wavelet with six vanishing moments."""
FILTER_CENTRE = sum(tap * value for tap, value in enumerate(SYM6)) / sqrt(2)
"""Delay of the filter, in taps; exact for images that are linear in the coordinates."""
MARGIN = 4
"""Pixels to either side of a position that the filter and the interpolation after it read."""


def draw_parameters(probability: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the augmentation of a batch: a_0 to a_7 of each image, float64 (count, 8).

    Args:
        probability: of each group except the flips left to right, 0 to 1.
        count: images.
        rng: a stream; the number of values drawn from it depends on ``count`` alone.
    """
    groups = rng.random((5, count)) < probability
    flips = (rng.random((2, count)) < 0.5).astype(np.float64)
    angles = (2 * rng.random((2, count)) - 1) * pi
    any_direction = rng.random(count) < 0.5
    normals = rng.standard_normal((4, count))
    flip_y, scale, rotate, stretch, translate = groups
    columns = [
        flips[0],
        flips[1] * flip_y,
        normals[0] * scale,
        angles[0] * rotate,
        angles[1] * (any_direction & stretch),
        normals[1] * stretch,
        normals[2] * translate,
        normals[3] * translate,
    ]
    return np.stack(columns, axis=1)


def augment_labels(parameters: np.ndarray) -> np.ndarray:
    """Compute the labels of a_0 to a_7 (count, 8) for the network: float32 (count, 9), 0 for an unchanged image."""
    flip_x, flip_y, scale, angle, direction, stretch, right, down = parameters.T
    labels = [
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
    return np.stack(labels, axis=1).astype(np.float32)


def augment(images: Tensor, parameters: np.ndarray) -> Tensor:
    """Augment images by a_0 to a_7.

    Flips copy pixels. All other changes are one resampling: to twice the resolution by a wavelet filter, bilinear
    interpolation at that resolution, and back by the same filter. It is exact for the identity and for translations by
    whole pixels. Beyond its edges an image continues as its mirror image, repeatedly.

    Args:
        images: float32 (count, channels, height, width).
        parameters: from ``draw_parameters``, (count, 8).

    Returns:
        float32 (count, channels, height, width), a new tensor.
    """

    def indices(mask: np.ndarray) -> Tensor:
        return to_device(torch.from_numpy(np.flatnonzero(mask)), images.device)

    images = images.clone()
    for column, axis in ((0, 3), (1, 2)):
        flips = indices(parameters[:, column] > 0)
        images[flips] = images[flips].flip(axis)
    mask = (parameters[:, 2:] != 0).any(axis=1)
    if mask.any():
        warps = indices(mask)
        images[warps] = _resample(images[warps], _inverse_maps(parameters[mask], *images.shape[2:]))
    return images


def _inverse_maps(parameters: np.ndarray, height: int, width: int) -> np.ndarray:
    """Compute the affine maps from positions in the new images to positions in the old ones, float64 (count, 2, 3).

    Positions are (right, down) from the centre of the image, in pixels.
    """
    _, _, scale, angle, direction, stretch, right, down = parameters.T
    cos, sin = np.cos(direction), np.sin(direction)
    longer, shorter = 2 ** (LOG2_SCALE_STD * stretch), 2 ** (-LOG2_SCALE_STD * stretch)
    # the direction and its normal are the eigenvectors of the stretch; the inverse swaps the two eigenvalues
    mixed = cos * sin * (shorter - longer)
    inverse_stretch = _matrices(cos**2 * shorter + sin**2 * longer, mixed, mixed, sin**2 * shorter + cos**2 * longer)
    inverse_rotation = _matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    linear = inverse_rotation @ inverse_stretch / (2 ** (LOG2_SCALE_STD * scale))[:, None, None]
    translation = TRANSLATION_STD * np.stack([right * width, down * height], axis=1)[:, :, None]
    return np.concatenate([linear, -linear @ translation], axis=2)


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return the matrices ((a, b), (c, d)), (count, 2, 2)."""
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2)


def _resample(images: Tensor, inverse: np.ndarray) -> Tensor:
    """Resample images (count, channels, height, width) through ``_inverse_maps`` (count, 2, 3)."""
    device, (height, width) = images.device, images.shape[2:]
    (up_down, back_down), (up_right, back_right) = _filters(height, device), _filters(width, device)
    fine = up_down @ images @ up_right.T
    grid, centre, periods, last = _grid(height, width, device)
    maps = to_device(torch.from_numpy(inverse.astype(np.float32)), device)
    positions = torch.einsum("yxi,noi->nyxo", grid, maps[:, :, :2]) + maps[:, None, None, :, 2] + centre
    positions = positions.remainder(periods)
    coordinates = (2 * (positions + MARGIN) + FILTER_CENTRE) / last * 2 - 1
    values = nn.functional.grid_sample(fine, coordinates, align_corners=True)
    return back_down @ values @ back_right.T


@cache
def _grid(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the grids for resampling images of one size, cached on a device, because a copy makes a GPU wait.

    A value of the new fine grid is at (index - FILTER_CENTRE) / 2 pixels; the old fine grid starts MARGIN further left.

    Returns:
        Positions of the values of the new fine grid, from the centre of an image, float32 (down, right, 2); then, as
        (right, down), the centre, the period of the mirrored image in pixels, and the last index of the old fine grid.
    """
    (up_down, back_down), (up_right, back_right) = _filters(height, CPU), _filters(width, CPU)
    right, down = ((torch.arange(back.shape[1]) - FILTER_CENTRE) / 2 for back in (back_right, back_down))
    centre = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    grid = torch.stack(torch.meshgrid(right, down, indexing="xy"), dim=-1) - centre
    periods = torch.tensor([float(_period(width)), float(_period(height))])
    last = torch.tensor([len(up_right) - 1.0, len(up_down) - 1.0])
    return grid.to(device), centre.to(device), periods.to(device), last.to(device)


@cache
def _filters(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the matrices from an axis of ``side`` pixels to twice the resolution, and back; float32, on a device.

    The first gives one period of the axis mirrored at its ends, with ``MARGIN`` extra pixels on either side. The second
    reads the fine values that its pixels need. The filter is orthonormal: without the margins, the second matrix after
    the first is the identity.
    """
    pixels = np.arange(-MARGIN, _period(side) + MARGIN) % _period(side)
    sources = np.minimum(pixels, _period(side) - pixels)
    up = np.zeros((2 * len(pixels) + len(SYM6) - 2, side), np.float32)
    down = np.zeros((side, 2 * side + len(SYM6) - 2), np.float32)
    for tap, value in enumerate(SYM6):
        up[2 * np.arange(len(pixels)) + tap, sources] += value
        down[np.arange(side), 2 * np.arange(side) + tap] += value
    return torch.from_numpy(up).to(device), torch.from_numpy(down).to(device)


def _period(side: int) -> int:
    """Return the period, in pixels, of an axis that is mirrored at its first and its last pixel."""
    return 2 * max(side - 1, 1)
