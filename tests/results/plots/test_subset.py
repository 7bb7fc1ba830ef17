import pytest

from raysc.results.plots.subset import distinct, evenly_spaced, subgrid, subset_sentence


def test_evenly_spaced_items_include_the_first_and_the_last() -> None:
    assert evenly_spaced(range(100), 5) == [0, 25, 50, 74, 99]
    assert evenly_spaced([3, 4], 5) == [3, 4]
    assert evenly_spaced([3, 4], 1) == [3]
    empty: list[int] = []
    assert evenly_spaced(empty, 3) == []


def test_distinct_items_keep_their_order() -> None:
    assert distinct([3, 1, 3, 2, 1]) == [3, 1, 2]


def test_a_full_grid_is_reduced_to_a_smaller_grid() -> None:
    grid = [(x, y) for x in range(3) for y in range(5)]
    assert subgrid(grid, 9) == [(x, y) for x in range(3) for y in (0, 2, 4)]
    assert subgrid(grid, 15) == grid


def test_points_that_form_no_grid_are_reduced_to_evenly_spaced_ones() -> None:
    assert subgrid([(1, 1), (1, 2), (2, 3)], 2) == [(1, 1), (2, 3)]


@pytest.mark.parametrize(("shown", "expected"), [(5, ""), (3, " The figure shows 3 of 5 cells.")])
def test_a_caption_tells_how_many_items_are_shown(shown: int, expected: str) -> None:
    assert subset_sentence(shown, 5, "cells") == expected
