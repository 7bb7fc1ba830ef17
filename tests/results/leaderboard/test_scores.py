from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from raysc.results.leaderboard.benchmark import BenchmarkFile
from raysc.results.leaderboard.scores import seed_scores
from raysc.results.table.table import load_table
from tests.results.leaderboard.conftest import Record


def test_the_damage_is_the_mean_log_ratio_to_the_control_over_generations(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    file = files["gaussian"]
    objects, resolved = run_recorded(file.path, here / "store"), file.resolve()
    table = load_table(resolved, objects)
    scores = seed_scores(resolved, table)
    assert sorted(set(scores["mitigation"])) == ["mix", "replace", "window, width 2"]

    values = table.pivot(index="seed", columns=["cell", "generation"], values="frechet_distance")
    ratios = np.log(values[0] / values[3])  # replace and the control
    expected = (ratios[0] / 2 + ratios[1] + ratios[2] + ratios[3] + ratios[4] / 2) / 4
    damage = scores[scores["mitigation"] == "replace"].set_index("seed")["damage"]
    assert damage.to_numpy() == pytest.approx(expected.to_numpy())

    rows = scores.groupby("mitigation")["rows"].first()
    assert rows.to_dict() == {"replace": 20, "mix": 40, "window, width 2": (40 + 60 * 3) / 4}


def test_a_seed_that_diverged_has_infinite_damage_and_an_incomplete_one_none(
    files: Mapping[str, BenchmarkFile], run_recorded: Record, here: Path
) -> None:
    file = files["gaussian"]
    objects, resolved = run_recorded(file.path, here / "store"), file.resolve()
    table = load_table(resolved, objects)
    replaced = (table["cell"] == 0) & (table["generation"] == 3)
    table.loc[replaced & (table["seed"] == 0), ["diverged", "frechet_distance_excess"]] = [True, np.nan]
    table = table[~(replaced & (table["seed"] == 1))]
    scores = seed_scores(resolved, table)
    damage = scores[scores["mitigation"] == "replace"].set_index("seed")["damage"]
    assert np.isinf(damage[0])
    assert 1 not in damage.index
    assert np.isfinite(damage.drop(0)).all()
