"""Limits of the size of a sweep. Each refusal comes before anything of that size is made."""

from collections.abc import Callable

import pytest

from raysc.sweepfile import limits

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seeds=1000000000", "seeds: 1,000,000,000 seeds are more than 10,000,000"),
        ("seeds=9000000", "seeds: 2 points of space times 9,000,000 seeds are more than 10,000,000 runs"),
        ("seeds=[1, 9223372036854775808]", "1: expected a whole number below 2^63, got 9223372036854775808"),
        ("loop.generations=1000000000", "loop.generations: 1,000,000,000 generations are more than 2,000,000"),
    ],
)
def test_some_zeros_too_many_are_refused(refusal: Refusal, closed: str, override: str, problem: str) -> None:
    text = closed.replace("{regime: replace}", "{regime: [replace, accumulate]}")
    assert problem in refusal(text, override)


def test_a_search_with_too_many_points_is_refused(refusal: Refusal, closed: str) -> None:
    text = closed.replace("{regime: replace}", "{regime: mix, lambda: {uniform: [0.1, 2.0]}}")
    message = refusal(text + "search: {random: 1000000000}\n")
    assert message.startswith("grid.yaml, line 6: search.random: 1,000,000,000 points of space times 1 seeds are more")


def test_a_grid_with_too_many_points_is_counted_and_not_made(refusal: Refusal, closed: str) -> None:
    axes = ", ".join(f"data.{name}: [{', '.join(map(str, range(1, 500)))}]" for name in ("dim", "rows", "scale"))
    message = refusal(closed.replace("{regime: replace}", f"{{regime: replace, {axes}}}"))
    assert "space: 124,251,499 points of space times 1 seeds" in message


def test_points_that_exceed_the_memory_are_refused(
    refusal: Refusal, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "memory_limit", lambda: 1_000_000)
    text = closed.replace("{regime: replace}", "{regime: mix, lambda: {uniform: [0.1, 2.0]}}")
    message = refusal(text + "search: {random: 100}\n")
    assert "search.random: 100 points of space would need about 2 MB of memory; this process may use 1 MB" in message


def test_a_table_that_exceeds_the_memory_is_refused(
    refusal: Refusal, closed: str, read: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "memory_limit", lambda: 1_000_000)
    message = refusal(closed, "loop.generations=10000")
    assert "measure: a table of 2 cells, 1 seeds and 10,001 measured generations would need about 6 MB" in message
    read(closed, "loop.generations=10000", "measure=log")
