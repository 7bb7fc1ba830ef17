"""Rewards: functions of rows by which curations prefer them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from raysc.errors import InputError
from raysc.regimes.recipe import Need

RewardName = Literal["nearness", "category", "words", "pattern"]
"""Name of a reward in a sweep file."""

Target = float | tuple[float, ...] | str
"""The preference: a point, a class, a number of words or a regular expression."""


class Reward(NamedTuple):
    """A reward.

    Attributes:
        score: (rows or their view, target) -> scores, float64 (count,), higher is better.
        needs: the view of the rows that ``score`` reads; none: the rows themselves, (count, *event).
        kinds: kinds of rows that it can score.
        target: type of the target, with the words for it.
    """

    score: Callable[[Any, Any], np.ndarray]
    needs: tuple[Need, ...]
    kinds: tuple[str, ...]
    target: tuple[tuple[type, ...], str]

    def __call__(self, rows: np.ndarray, target: Target, views: Mapping[str, Any]) -> np.ndarray:
        """Return the scores of rows (count, *event), float64 (count,); ``views``: the arguments of a chooser."""
        scores: np.ndarray = self.score(views[self.needs[0]] if self.needs else rows, target)
        return scores


def nearness(rows: np.ndarray, target: float | tuple[float, ...]) -> np.ndarray:
    """Return -|x - target|^2 / 2 of rows as stored; the target is one number for all coordinates, or one for each."""
    offset = rows - np.asarray(target, np.float64)
    scores: np.ndarray = -np.square(offset).reshape(len(rows), -1).sum(axis=1) / 2
    return scores


def category(labels: np.ndarray, target: float) -> np.ndarray:
    """Return 1 for rows of a class, else 0. The class of a row is that of the nearest labelled training row."""
    return np.asarray(labels == target, np.float64)


def words(texts: Sequence[str], target: float) -> np.ndarray:
    """Return minus the distance of the number of words of each text from a target."""
    return -np.abs(np.array([len(text.split()) for text in texts], np.float64) - target)


def pattern(texts: Sequence[str], target: str) -> np.ndarray:
    """Return 1 for texts in which a regular expression matches, else 0."""
    return np.array([re.search(target, text) is not None for text in texts], np.float64)


NUMBER = ((int, float), "a number")
POINT = ((int, float, tuple), "a number or a list of coordinates")

REWARDS: Mapping[RewardName, Reward] = {
    "nearness": Reward(nearness, (), ("points", "images"), POINT),
    "category": Reward(category, ("labels",), ("points", "images", "text"), NUMBER),
    "words": Reward(words, ("texts",), ("text",), NUMBER),
    "pattern": Reward(pattern, ("texts",), ("text",), ((str,), "a regular expression")),
}
"""Name -> reward."""


def check_target(name: RewardName, target: Target) -> None:
    """Raise InputError unless a reward can have the target."""
    types, expected = REWARDS[name].target
    if not isinstance(target, types):
        raise InputError(f"target of {name} must be {expected}, not {target!r}")
    if isinstance(target, str):
        try:
            re.compile(target)
        except re.error as error:
            raise InputError(f"target {target!r} is no regular expression: {error}") from error
    elif not np.size(target):
        raise InputError("target has no coordinate; expected a number or one for each coordinate of a row")
    elif not np.isfinite(target).all():
        raise InputError("target must be finite")


def check_rows(name: RewardName, target: Target, kind: str, event: tuple[int, ...]) -> None:
    """Raise InputError unless a reward can score rows of this kind and shape."""
    kinds = REWARDS[name].kinds
    if kind not in kinds:
        raise InputError(f"curation.reward: {name} scores rows of {' and '.join(kinds)}, and the data are {kind}")
    if isinstance(target, tuple) and np.shape(target) != event:
        raise InputError(f"curation.target: {len(target)} coordinates, but rows of shape {event}")
