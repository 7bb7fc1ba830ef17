"""Single values of a sweep."""

import math
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from raysc.sweepfile.scalars import MAX_WHOLE, plain_scalar


class Color(StrEnum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [(-0.0, 0.0), (0.25, 0.25), (3, 3), (True, True), (None, None), (Color.RED, "red"), (Size.LARGE, 3)],
)
def test_a_value_becomes_its_plain_type(value: Any, plain: Any) -> None:
    result = plain_scalar(value)
    assert (result, type(result)) == (plain, type(plain))
    if isinstance(result, float):
        assert math.copysign(1, result) == 1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (MAX_WHOLE + 1, "below 2\\^63, got 9223372036854775808"),
        pytest.param(10**5000, "got one of about 5001 digits", id="5001 digits"),
        (-(2**63) - 1, "below 2\\^63"),
        (math.inf, "finite"),
        (math.nan, "finite"),
        ("\ud800", "surrogate"),
        ("a\0b", "zero bytes"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused(value: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        plain_scalar(value)
