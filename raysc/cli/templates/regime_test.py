"""Tests of the regime: those that every regime passes, and one of its own rule."""

from fractions import Fraction

import pytest

from raysc.cli.templates.regime import MyRegime
from raysc.testing import RegimeTests


class TestMyRegime(RegimeTests):
    """Conformance with what raysc expects of a regime."""

    @pytest.fixture
    def regime(self) -> MyRegime:
        """Return the regime to test; its parameters are free."""
        return MyRegime(real_share=0.5)


def test_it_trains_on_half_of_the_real_rows_and_on_as_many_samples_as_lambda_says() -> None:
    """With n = 100 and lambda = 1/4 a generation trains on 50 real rows and 25 samples."""
    real, newest = MyRegime(real_share=0.5).recipe(3, 100, Fraction(1, 4)).takes
    assert real.count == 50
    assert (newest.source.generation, newest.count) == (2, 25)
