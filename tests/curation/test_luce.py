"""Choices among K, compared with the regime ``curated`` and with the probabilities of the model."""

from typing import Any

import numpy as np
import pytest

from raysc.curation.luce import Luce
from raysc.errors import InputError
from raysc.regimes.curated import Curated
from raysc.regimes.recipe import Take, synthetic
from raysc.rng import stream

COUNT = 100_000


@pytest.mark.parametrize("target", [0.7, (1.0, -2.0)])
def test_on_top_of_mix_it_picks_what_the_regime_curated_picks(target: float | tuple[float, ...]) -> None:
    rows = stream(1, 0, "data").standard_normal((300, 2))
    picked = Luce(3, target=target, strength=0.8).pick(rows, rows, 100, stream(0, 0, "choose"))
    by_regime = Curated(target, choices=3, strength=0.8).pick(rows, rows, 100, stream(0, 0, "choose"))
    np.testing.assert_array_equal(picked, by_regime)


@pytest.mark.parametrize("adversarial", [0.0, 0.3, 1.0])
def test_adversarial_choices_follow_the_opposite_reward(adversarial: float) -> None:
    rows = np.tile([[0.0], [1.0]], (COUNT, 1))
    luce = Luce(2, target=1.0, strength=2.0, adversarial=adversarial)
    share = (luce.pick(rows, rows, COUNT, stream(0, 0, "choose")) % 2).mean()
    honest = 1 / (1 + np.exp(-1.0))  # rewards 0 and -1
    expected = (1 - adversarial) * honest + adversarial * (1 - honest)
    assert share == pytest.approx(expected, abs=4 * np.sqrt(0.25 / COUNT))


def test_texts_are_chosen_by_length_or_pattern() -> None:
    rows = np.zeros((4, 8), np.int32)
    texts = ["a b c", "a", "a b c d e", "x1"]
    by_length = Luce(2, "words", 3.0, strength=1e6)
    assert by_length.curate(Take(synthetic(0), 2)).needs == ("texts",)
    assert by_length.pick(rows, rows, 2, stream(0, 0, "choose"), texts=texts).tolist() == [0, 2]
    by_pattern = Luce(2, "pattern", r"\d", strength=1e6)
    assert by_pattern.pick(rows, rows, 2, stream(0, 0, "choose"), texts=texts)[1] == 3


@pytest.mark.parametrize(("strength", "adversarial"), [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)])
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_kept_only_without_an_alternative(
    broken: float, strength: float, adversarial: float
) -> None:
    rows = np.array([[broken], [1.0], [1.0], [broken], [broken], [broken], [2.0], [1.0]] * 50)
    picked = Luce(2, strength=strength, adversarial=adversarial).pick(rows, rows, 200, stream(0, 0, "choose"))
    assert np.isfinite(rows[picked]).reshape(50, 4).mean(axis=0).tolist() == [1, 1, 0, 1]


def test_a_take_gets_k_candidates_for_each_row() -> None:
    take = Luce(4).curate(Take(synthetic(2), 10))
    assert (take.source, take.count, take.among, take.needs) == (synthetic(2), 10, 40, ())


def test_invalid_parameters_are_refused() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"choices": 0}, "choices must be at least 1, not 0"),
        ({"strength": -1.0}, "strength must be a number of at least 0, not -1"),
        ({"adversarial": 1.5}, r"adversarial must be from 0 to 1, not 1\.5"),
        ({"target": "x"}, "target of nearness must be a number or a list of coordinates, not 'x'"),
        ({"reward": "pattern", "target": "("}, "is no regular expression"),
        ({"target": (0.0, float("nan"))}, "target must be finite"),
        ({"target": ()}, "target has no coordinate"),
    ]
    for parameters, problem in cases:
        with pytest.raises(InputError, match=problem):
            Luce(**parameters)
