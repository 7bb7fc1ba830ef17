import numpy as np
import pytest
import torch

from raysc.errors import RayscError
from raysc.models.neural.value_range import to_floats, to_rows


def test_images_come_back_from_their_floats_and_points_are_unscaled() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = to_floats(images)
    assert (floats.min().item(), floats.max().item()) == (-1, 1)
    np.testing.assert_array_equal(to_rows(floats), images)
    points = torch.tensor([[0.5, -3.0]], dtype=torch.float64)
    assert to_floats(points).dtype == torch.float32
    assert to_rows(to_floats(points)).tolist() == [[0.5, -3.0]]


def test_values_outside_the_range_of_images_are_clipped_and_the_rest_rounded() -> None:
    values = torch.tensor([-3.0, -1.0, -0.0001, 0.5, 1.0, 9.0]).view(1, 1, 1, 6)
    assert to_rows(values).ravel().tolist() == [0, 0, 127, 191, 255, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(RayscError, match="weights have grown too large"):
        to_rows(torch.tensor([[0.0, value]]))
