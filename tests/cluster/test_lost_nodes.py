from typing import Any

import pytest
from ray._private import worker

from raysc.cluster.lost_nodes import LostNodes

DEAD = (
    "The node with node id: {} and address: 10.0.0.7 and node name: one has been marked dead because the detector has "
    "missed too many heartbeats from it. This can happen when a \t(1) raylet crashes unexpectedly (OOM, etc.) \n\t(2) "
    "raylet has lagging heartbeats due to slow network or busy workload."
)
FAREWELL = "Raylet is terminated. Termination is unexpected. Possible reasons include: ...\n    [state-dump] \n"
LOST = "The actor died because its node has died. Node Id: {}\n\tthe actor's node was terminated unexpectedly"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ray prints of what its nodes publish."""
    lines: list[str] = []

    def write(data: dict[str, Any], ignore_prefix: bool) -> None:
        lines.extend(data["lines"])

    monkeypatch.setattr(worker, "print_to_stdstream", write)
    return lines


def publish(message: str) -> None:
    """As Ray's listening thread does."""
    worker.print_to_stdstream({"lines": [message], "pid": "raylet", "is_err": False}, ignore_prefix=False)


def test_a_lost_node_is_one_line_and_everything_else_is_printed(printed: list[str]) -> None:
    with LostNodes(lambda node: f"node {node}") as nodes:
        publish(FAREWELL)
        nodes.lost("loop/a/0", LOST.format("0a"))
        publish(DEAD.format("0a"))
        nodes.lost("loop/a/1", LOST.format("0a"))
        publish(DEAD.format("0b"))
        publish("A worker was killed, since the node was running low on memory.")
        assert nodes.news() == [], "more may come"
        assert nodes.news(0) == [
            "node 0a is gone; 2 units that ran there go on elsewhere from the last published generation",
            "node 0b is gone; no unit ran there",
        ]
        publish(DEAD.format("0a"))
        assert nodes.news(0) == [], "it was told"
        nodes.lost("loop/b/0", LOST.format("0c"))
        (line,) = nodes.news(0)
        assert line == "node 0c is gone; 1 unit that ran there goes on elsewhere from the last published generation"
    assert printed == ["A worker was killed, since the node was running low on memory."]
    publish(FAREWELL)
    assert printed[1:] == [FAREWELL], "as before"
