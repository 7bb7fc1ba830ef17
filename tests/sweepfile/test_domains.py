"""Domains of ``space``."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.sweepfile import Sweep
from raysc.sweepfile.domains import Domain, read_domain

Refusal = Callable[..., str]
WithSpace = Callable[..., Sweep]


def domain(kind: str, values: Any) -> Domain:
    return read_domain({kind: values}, ValueError)


ends = st.tuples(st.integers(1, 50), st.integers(51, 100)).map(list)


@given(kind=st.sampled_from(["uniform", "loguniform", "randint"]), ends=ends, index=st.integers(0, 10_000))
def test_draws_are_in_their_range(kind: str, ends: list[int], index: int) -> None:
    value, _ = domain(kind, ends).draw("train.lr", index)
    assert ends[0] <= value <= ends[1]
    assert isinstance(value, int if kind == "randint" else float)


def test_draws_follow_their_distribution() -> None:
    uniform = [domain("uniform", [2, 4]).draw("x", index)[0] for index in range(2000)]
    assert abs(sum(uniform) / 2000 - 3) < 4 * math.sqrt(4 / 12 / 2000)
    logs = [math.log10(domain("loguniform", [1e-4, 1e-2]).draw("x", index)[0]) for index in range(2000)]
    assert abs(sum(logs) / 2000 + 3) < 4 * math.sqrt(4 / 12 / 2000)
    assert {domain("randint", [3, 6]).draw("x", index)[0] for index in range(200)} == {3, 4, 5}
    assert {domain("choice", ["a", "b"]).draw("x", index) for index in range(50)} == {("a", 0), ("b", 1)}


def test_axes_are_drawn_independently() -> None:
    x, y = ([domain("uniform", [0, 1]).draw(axis, index)[0] for index in range(5)] for axis in ("x", "y"))
    assert not set(x) & set(y)


@pytest.mark.parametrize(
    ("kind", "values", "part"),
    [
        ("unifrom", [0, 1], "did you mean 'uniform'"),
        ("uniform", [1, 1], "a < b"),
        ("uniform", 3, "a < b"),
        ("uniform", [0, 1, 2], "a < b"),
        ("uniform", [False, True], "two numbers"),
        ("uniform", ["0", "1"], "two numbers"),
        ("loguniform", [0, 1], "above 0"),
        ("randint", [0.5, 3], "whole numbers"),
        ("choice", [], "at least one value"),
        ("choice", "ab", "at least one value"),
    ],
)
def test_invalid_domains_are_refused(kind: str, values: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        domain(kind, values)


@settings(max_examples=15, deadline=None)
@given(draws=st.integers(1, 4), added=st.integers(0, 5))
def test_a_longer_search_begins_with_the_points_of_a_shorter_one(with_space: WithSpace, draws: int, added: int) -> None:
    space = {"lambda": {"uniform": [0, 2]}, "regime": ["mix", "replace"], "initial.rows": {"randint": [10, 90]}}
    short = with_space(space, search={"random": draws}, control=False).cells
    long = with_space(space, search={"random": draws + added}, control=False).cells
    assert long[: len(short)] == short
    assert len(short) == 2 * draws


def test_every_draw_is_combined_with_all_listed_values(with_space: WithSpace) -> None:
    grids = [
        {"regime": ["mix", "replace"], "lambda": {"uniform": [0, 2]}},
        {"regime": "accumulate", "lambda": {"uniform": [0, 2]}},
    ]
    cells = with_space(grids, search={"random": 3}, control=False).cells
    drawn = {
        name: [cell.lambda_ for cell in cells if cell.regime.name == name] for name in ("mix", "replace", "accumulate")
    }
    assert len(set(drawn["mix"])) == 3
    assert drawn["mix"] == drawn["replace"] == drawn["accumulate"]


def test_a_grid_without_domains_is_not_repeated(with_space: WithSpace) -> None:
    grids = [{"regime": "replace", "lambda": [1, 2]}, {"regime": {"choice": ["mix"]}, "lambda": {"uniform": [0, 1]}}]
    cells = with_space(grids, search={"random": 4}, control=False).cells
    assert [cell.regime.name for cell in cells] == ["replace"] * 2 + ["mix"] * 4


def test_search_and_domains_need_each_other(refusal: Refusal, closed: str) -> None:
    without = closed.replace("{regime: replace}", "{regime: mix, lambda: {uniform: [0, 1]}}")
    assert refusal(without).startswith("grid.yaml, line 4: space.lambda: a domain needs `search: {random: N}`")
    assert "no axis of space is a domain" in refusal(closed + "search: {random: 3}\n")
    negative = without.replace("uniform: [0, 1]", "uniform: [-2, -1]") + "search: {random: 3}\n"
    assert refusal(negative).startswith("grid.yaml, line 4: lambda: expected a number of at least 0, got -")
