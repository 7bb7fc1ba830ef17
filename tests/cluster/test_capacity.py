"""Capacity of a cluster, from the resources of its nodes and node types."""

import pytest

from raysc.cluster.capacity import Capacity, NodeType

GPU = {"CPU": 1.0, "GPU": 1.0}
SMALL, LARGE = NodeType("small", {"CPU": 4, "GPU": 1}, 8), NodeType("large", {"CPU": 32, "GPU": 8}, 2)


@pytest.mark.parametrize(
    ("capacity", "rank", "expected"),
    [
        (Capacity({"CPU": 4}, ()), {"CPU": 1.0}, 4),
        (Capacity({"CPU": 4}, ()), {"CPU": 0.1}, 40),
        (Capacity({"CPU": 4}, ()), GPU, 0),
        (Capacity({}, ({"CPU": 3, "GPU": 2}, {"CPU": 1, "GPU": 2})), GPU, 3),
        (Capacity({}, ({"CPU": 4, "GPU": 1},)), {"CPU": 1, "GPU": 0.25}, 4),
        (Capacity({}, (), (SMALL,), 8), GPU, 8),
        (Capacity({}, (), (SMALL,), 3), GPU, 3),
        (Capacity({}, (), (SMALL, LARGE), 3), GPU, 8 + 8 + 1),
        (Capacity({"CPU": 2, "GPU": 2}, ({"CPU": 4, "GPU": 1},), (SMALL,), 8), GPU, 2 + 8),
        (Capacity({}, (), (SMALL,), 8), {"CPU": 5.0}, 0),
    ],
)
def test_the_number_of_ranks_that_fit_at_once(capacity: Capacity, rank: dict[str, float], expected: int) -> None:
    assert capacity.max_ranks(rank) == expected


def test_messages_name_the_nodes_that_are_up_and_those_that_may_be_added() -> None:
    capacity = Capacity({"memory": 1.0}, ({"CPU": 4, "GPU": 1},), (LARGE,), 1)
    assert capacity.describe(["CPU", "GPU"]) == (
        "nodes that are up have 0 CPU and 0 GPU or 4 CPU and 1 GPU, "
        "and the autoscaler may add 1 large with 32 CPU and 8 GPU each"
    )
