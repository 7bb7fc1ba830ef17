"""Graphs of models and their spectra."""

import numpy as np
import pytest

from raysc.settings import GRAPHS
from raysc.theory.graphs import algebraic_connectivity, contraction_rate, diversity_bound, reading_matrix


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_rows_are_equal_shares_that_sum_to_1(graph: str, count: int) -> None:
    matrix = np.array(reading_matrix(graph, count))
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    assert (matrix.diagonal() > 0).all()
    assert all(len(set(row[row > 0])) == 1 for row in matrix)


def test_neighbours() -> None:
    third = 1 / 3
    assert reading_matrix("cycle", 4)[1] == (third, third, third, 0)
    assert reading_matrix("star", 3) == ((third, third, third), (0.5, 0.5, 0), (0.5, 0, 0.5))
    with pytest.raises(ValueError, match="ring"):
        reading_matrix("ring", 3)


def test_the_connectivity_of_a_cycle_has_a_formula() -> None:
    for count in (3, 5, 9):
        expected = 2 * (1 - np.cos(2 * np.pi / count)) / 3
        assert np.isclose(algebraic_connectivity(reading_matrix("cycle", count)), expected)
    assert algebraic_connectivity(reading_matrix("self", 4)) == 0
    assert np.isclose(algebraic_connectivity(reading_matrix("complete", 4)), 1)
    with pytest.raises(ValueError, match="symmetric"):
        algebraic_connectivity(reading_matrix("star", 4))


def test_equal_shares_contract_alike_on_every_graph_and_one_model_with_real_rows_suffices() -> None:
    for graph in GRAPHS:
        assert np.isclose(contraction_rate([0.5] * 4, reading_matrix(graph, 4)), 0.5)
        rate = contraction_rate([0.5, 1, 1, 1], reading_matrix(graph, 4))
        assert rate == 1 if graph == "self" else rate < 0.9


def test_the_bound_is_that_of_the_slowest_difference() -> None:
    matrix = np.array(reading_matrix("cycle", 5))
    for lambda_ in (0.25, 1.0, 4.0):
        left = np.linalg.inv((1 + lambda_) * np.eye(5) - lambda_ * matrix)
        values = np.sort(np.linalg.eigvalsh(left) ** 2)
        assert np.isclose(values[-1], 1)
        assert np.isclose(values[-2], diversity_bound(lambda_, algebraic_connectivity(reading_matrix("cycle", 5))))
