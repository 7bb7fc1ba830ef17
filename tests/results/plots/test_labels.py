import pytest

from raysc.planning.resolved import resolve
from raysc.results.plots.labels import MAX_LENGTH, cell_label, label, setting_texts, shorten, wrap
from raysc.sweepfile import Sweep


@pytest.mark.parametrize(
    ("values", "expected"), [(("mix", 0.25), "mix, lambda 0.25"), (("real_only", None), "real_only")]
)
def test_a_label_leaves_out_axes_without_a_value(values: tuple[object, ...], expected: str) -> None:
    assert label(["regime", "lambda"], values) == expected


def test_floats_have_the_given_number_of_digits() -> None:
    assert setting_texts(["lambda", "data.rows"], [1 / 3, 100]) == ["lambda 0.3333", "data.rows 100"]
    assert setting_texts(["lambda"], [1 / 3], digits=6) == ["lambda 0.333333"]


def test_the_label_of_a_cell_has_all_axes(gaussian_store: tuple[Sweep, object]) -> None:
    cell = resolve(gaussian_store[0]).cells[1]
    assert cell_label(cell).startswith("mix, lambda 0.5")


def test_a_long_label_is_shortened() -> None:
    assert shorten("x" * MAX_LENGTH) == "x" * MAX_LENGTH
    assert shorten("x" * (MAX_LENGTH + 1)) == "x" * (MAX_LENGTH - 1) + "…"


def test_a_label_is_broken_between_settings() -> None:
    assert wrap("mix, lambda 0.5, data.rows 100", 16) == "mix, lambda 0.5,\ndata.rows 100"
    assert wrap("accumulate, data.rows 100", 22) == "accumulate,\ndata.rows 100"
