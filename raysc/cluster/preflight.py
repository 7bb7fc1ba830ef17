"""Whether a cluster can run what a sweep asks for: a trial that can never start would wait for ever."""

import ray

from raysc.cluster.trial import bundles
from raysc.sweepfile.sweep import Sweep


def check_cluster(sweep: Sweep) -> None:
    """Compare one trial's request with all that the cluster has. Ray must be up.

    Raises:
        InputError: with the numbers.
    """
    has = ray.cluster_resources()
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
