import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raysc.cluster.failures import FailureCollector, Failures
from raysc.cluster.lost_nodes import LostNodes

NODE_DIED = "ActorDiedError: The actor died because its node has died. Node Id: 0123"
CRASHED = "ActorDiedError: Worker unexpectedly exits with a connection error code 2."


@pytest.fixture
def failures() -> Failures:
    return {}


@pytest.fixture
def lost_nodes() -> LostNodes:
    return LostNodes(lambda node: f"node {node}")


@pytest.fixture
def collector(failures: Failures, lost_nodes: LostNodes) -> FailureCollector:
    return FailureCollector(failures, lost_nodes, print)


def trial(error: str, error_file: Path | None = None) -> Any:
    return SimpleNamespace(
        config={"unit": "loop/a/0"}, error_file=error_file and str(error_file), get_error=lambda: error or None
    )


def test_a_process_that_died_is_a_failure_and_a_lost_node_is_none(
    collector: FailureCollector, failures: Failures, lost_nodes: LostNodes
) -> None:
    collector.on_trial_error(1, [], trial(NODE_DIED))
    assert failures == {}
    assert lost_nodes.reports(0)[0].startswith("node 0123 is gone; 1 unit that ran there goes on")
    collector.on_trial_error(1, [], trial(CRASHED))
    assert failures == {"loop/a/0": CRASHED}


def test_a_unit_that_is_started_again_has_not_failed(
    collector: FailureCollector, failures: Failures, lost_nodes: LostNodes
) -> None:
    collector.on_trial_recover(1, [], trial(CRASHED))
    assert lost_nodes.reports(0) == []
    collector.on_trial_recover(1, [], trial(NODE_DIED))
    assert len(lost_nodes.reports(0)) == 1
    assert failures == {}


def test_the_traceback_that_a_trial_reports_precedes_the_error_that_tune_records(
    collector: FailureCollector, failures: Failures
) -> None:
    collector.on_trial_result(1, [], trial(""), {"generation": 1})
    collector.on_trial_result(1, [], trial(""), {"failure": "Traceback: the rule broke"})
    collector.on_trial_error(1, [], trial("TuneError"))
    assert failures == {"loop/a/0": "Traceback: the rule broke"}


def test_a_crew_that_lost_the_node_of_a_rank_has_not_failed(collector: FailureCollector, failures: Failures) -> None:
    traceback = f"Traceback (most recent call last):\n  ...\nray.exceptions.{NODE_DIED}"
    collector.on_trial_result(1, [], trial(""), {"failure": traceback})
    collector.on_trial_error(1, [], trial("TuneError"))
    assert failures == {}


def test_the_last_failure_counts_of_a_trial_that_failed_several_times(
    collector: FailureCollector, failures: Failures, tmp_path: Path
) -> None:
    file = tmp_path / "error.txt"
    file.write_text(f"Failure # 1 (occurred at noon)\n{NODE_DIED}\nFailure # 2 (occurred at one)\n{CRASHED}\n")
    collector.on_trial_error(1, [], trial("", file))
    assert failures["loop/a/0"].endswith(CRASHED)
    assert NODE_DIED not in failures["loop/a/0"]


def test_a_collector_can_be_pickled(collector: FailureCollector) -> None:
    assert pickle.loads(pickle.dumps(collector)).__dict__ == {}
