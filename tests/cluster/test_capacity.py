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
def test_so_many_ranks_fit_at_once(capacity: Capacity, rank: dict[str, float], expected: int) -> None:
    assert capacity.ranks(rank) == expected


def test_messages_name_what_there_is_and_may_be() -> None:
    there = Capacity({"memory": 1.0}, ({"CPU": 4, "GPU": 1},), (LARGE,), 1)
    assert there.told(["CPU", "GPU"]) == (
        "nodes that are up have 0 CPU and 0 GPU or 4 CPU and 1 GPU, and there may be 1 large with 32 CPU and 8 GPU each"
    )
