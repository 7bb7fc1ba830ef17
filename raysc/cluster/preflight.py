"""Whether a cluster can run what a sweep asks for: a trial that can never start would wait for ever."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raysc.cluster.capacity import START_SECONDS, Capacity, amounts_told, capacity
from raysc.cluster.trial import bundles
from raysc.cluster.versions import Versions, disagreement, versions
from raysc.errors import InputError
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

OF_ONE_MACHINE = {
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "zfs",
    "f2fs",
    "overlay",
    "tmpfs",
    "apfs",
    "hfs",
    "ntfs",
    "vfat",
}
"""File systems that no other machine sees; network ones (nfs, lustre, cephfs, ...) are what a cluster shares."""


def check_cluster(sweep: Sweep, objects: Objects) -> None:
    """Compare one trial's request with all that the cluster has or may grow to, and see to its nodes. Ray must be up.

    Raises:
        InputError: with the numbers, or with the nodes that cannot work.
    """
    there = capacity()
    check_request(sweep, there)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) + there.most > 1:
        _check_folder(objects, there, len(nodes))
    if len(nodes) > 1:
        _check_nodes(nodes, objects)


def check_request(sweep: Sweep, there: Capacity) -> None:
    """Refuse a trial that can never start.

    Raises:
        InputError: with what it asks for and what there is.
    """
    workers, rank = sweep.resources.workers, bundles(sweep.resources)[-1]
    fitting = there.ranks(rank)
    if fitting >= workers:
        return
    asked = amounts_told(rank)
    if not fitting:
        problem = f"one rank asks for {asked}, and no node of this Ray cluster has that: {there.told(list(rank))}"
    else:
        problem = (
            f"a trial asks for {workers} ranks of {asked} at once, and this Ray cluster has room for {fitting}: "
            f"{there.told(list(rank))}; lower workers, cpus or gpus"
        )
    raise sweep.error("resources", problem)


def _check_folder(objects: Objects, there: Capacity, nodes: int) -> None:
    if objects.folder is None or (kind := file_system(objects.folder)) not in OF_ONE_MACHINE:
        return
    grows = f" and may bring up {there.most} more" if there.most else ""
    raise InputError(
        f"storage {objects.folder} lies on a disk of this machine ({kind}), and this Ray cluster has {nodes} "
        f"nodes{grows}, which cannot all write there; give a bucket (s3://, gs://, az://) or a folder of a shared file "
        "system with --storage"
    )


def _check_nodes(nodes: list[Mapping[str, Any]], objects: Objects) -> None:
    """A task on every node writes to the storage, reads from it, and says what is installed there."""
    mine = versions()
    asked = {}
    for node in nodes:
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        look = ray.remote(_look).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
        asked[look.remote(objects)] = node
    ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=START_SECONDS)
    problems = [f"{node_name(asked[one])}: no process started there in {START_SECONDS:g} s" for one in late]
    for one in ready:
        try:
            theirs, problem = ray.get(one)
            if differs := disagreement(mine, theirs):
                problem = f"{differs}; install the same versions everywhere" + (f"; {problem}" if problem else "")
        except ray.exceptions.RayError as error:  # raysc is not installed there, say
            problem = str(error).strip().splitlines()[-1]
        if problem:
            problems.append(f"{node_name(asked[one])}: {problem}")
    if problems:
        raise InputError(
            f"{len(problems)} of {len(nodes)} nodes of this Ray cluster cannot work on the sweep:\n"
            + "\n".join(problems)
        )


def _look(objects: Objects) -> tuple[Versions, str]:
    """What is installed here, and what is wrong with the storage as seen from here."""
    try:
        objects.probe()
    except InputError as error:
        return versions(), str(error).splitlines()[0]
    return versions(), ""


def node_name(node: Mapping[str, Any]) -> str:
    """A node's name or address, its host, and the beginning of its id."""
    return f"{node['NodeName']} ({node['NodeManagerHostname']}, {node['NodeID'][:8]})"


def file_system(folder: Path) -> str:
    """The kind of file system that a folder, or the nearest one above it, lies on."""
    mounted = {Path(partition.mountpoint): partition.fstype for partition in psutil.disk_partitions(all=True)}
    return next((mounted[place] for place in (folder, *folder.parents) if place in mounted), "")
