from typing import Any

import numpy as np
import pytest

from raysc.datasets.images.digits import Digits
from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.text.stories import Stories
from raysc.errors import InputError
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.rewards.expected_reward import ExpectedReward


def reward(metric: ExpectedReward, data: Any, rows: np.ndarray) -> float:
    check_metrics([metric], data, None, rows.shape[1])
    real = RealSets(data.kind, data.train((0,)), data.test(), data=data)
    return float(measure([metric], rows, real)[metric.columns[0].name][0])


def test_nearness_is_half_the_mean_squared_distance() -> None:
    rows = np.array([[[3.0, 4.0], [0.0, 0.0]]])
    assert reward(ExpectedReward(), Gaussian(dim=2, rows=20), rows) == pytest.approx(-12.5 / 2)
    assert reward(ExpectedReward(target=(3.0, 4.0)), Gaussian(dim=2, rows=20), rows) == pytest.approx(-12.5 / 2)
    with pytest.raises(InputError, match="expected_reward: 3 coordinates of the target, but rows of 2"):
        reward(ExpectedReward(target=(1.0, 2.0, 3.0)), Gaussian(dim=2, rows=20), rows)


def test_category_is_the_share_of_a_class() -> None:
    digits = Digits()
    labelled = digits.labelled_train()
    value = reward(ExpectedReward("category", 3), digits, labelled.rows[None, :200])
    assert value == np.mean(labelled.labels[:200] == 3)


def test_texts_are_decoded() -> None:
    data = Stories(rows=40)
    rows = data.train((0,))[:, :40]
    texts = data.tokens.decode(rows[0])
    words = np.array([len(text.split()) for text in texts])
    assert reward(ExpectedReward("words", 12), data, rows) == -np.abs(words - 12).mean()
    assert reward(ExpectedReward("pattern", "^The"), data, rows) == np.mean([text.startswith("The") for text in texts])


def test_a_reward_that_the_data_cannot_have_is_refused() -> None:
    with pytest.raises(InputError, match="needs a data set with tokens"):
        check_metrics([ExpectedReward("words", 12)], Gaussian(dim=2, rows=20), None, 20)
    with pytest.raises(InputError, match="the data are text"):
        check_metrics([ExpectedReward()], Stories(rows=40), None, 20)
    with pytest.raises(InputError, match="expected_reward: target of words must be a number"):
        ExpectedReward("words", "many")


def test_reward_and_target_are_in_the_name() -> None:
    names = [metric.columns[0].name for metric in (ExpectedReward(), ExpectedReward("words", 12.0))]
    assert names == ["expected_reward", "expected_reward[words,target=12.0]"]
