from raysc.cluster.lost_nodes import LostNodes

NODE_DIED = "The actor died because its node has died. Node Id: {}\n\tthe actor's node was terminated unexpectedly"


def test_each_lost_node_is_reported_once_with_its_units() -> None:
    nodes = LostNodes(lambda node: f"node {node}")
    nodes.record("loop/a/0", NODE_DIED.format("0a"))
    nodes.mark_dead("0a")
    nodes.record("loop/a/1", NODE_DIED.format("0a"))
    nodes.mark_dead("0b")
    assert nodes.reports() == [], "more messages may come"
    assert nodes.reports(0) == [
        "node 0a is gone; 2 units that ran there go on elsewhere from the last published generation",
        "node 0b is gone; no unit ran there",
    ]
    nodes.mark_dead("0a")
    assert nodes.reports(0) == [], "the node is reported already"
    nodes.record("loop/b/0", NODE_DIED.format("0c"))
    assert nodes.reports(0) == [
        "node 0c is gone; 1 unit that ran there goes on elsewhere from the last published generation"
    ]
