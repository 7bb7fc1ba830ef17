"""Whether a cluster can run what a sweep asks for: a trial that can never start would wait for ever."""

from collections.abc import Mapping

import ray

from raysc.cluster.trial import bundles
from raysc.sweepfile.sweep import Sweep


def check_cluster(sweep: Sweep) -> None:
    """Compare one trial's request with all that the cluster has. Ray must be up.

    Raises:
        InputError: with the numbers.
    """
    has = ray.cluster_resources()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    largest = bundles(sweep.resources)[-1]
    if not any(all(node.get(name, 0.0) >= amount for name, amount in largest.items()) for node in nodes):
        most = {name: max(node.get(name, 0.0) for node in nodes) for name in largest}
        raise sweep.error(
            "resources",
            f"one rank asks for {_told(largest)}, and no node of this Ray cluster has that; the most are {_told(most)}",
        )
    asked: dict[str, float] = {}
    for bundle in bundles(sweep.resources):
        for name, amount in bundle.items():
            asked[name] = asked.get(name, 0.0) + amount
    for name, amount in asked.items():
        if amount > has.get(name, 0.0):
            raise sweep.error(
                "resources",
                f"a trial asks for {amount:g} {name}, and all of this Ray cluster has {has.get(name, 0.0):g}; "
                "lower workers, cpus or gpus",
            )


def _told(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())
