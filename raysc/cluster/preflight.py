"""Checks of a cluster before a sweep starts: a trial that exceeds the cluster's capacity would wait for ever."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raysc.cluster.capacity import START_SECONDS, Capacity, cluster_capacity, format_amounts
from raysc.cluster.trial import bundles
from raysc.cluster.versions import Versions, disagreement, versions
from raysc.errors import InputError
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

LOCAL_FILE_SYSTEMS = frozenset(
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "tmpfs", "apfs", "hfs", "ntfs", "vfat"]
)
"""File systems that only one machine sees; a cluster shares network file systems (nfs, lustre, cephfs, ...)."""


def check_cluster(sweep: Sweep, objects: Objects) -> None:
    """Compare the request of a trial with the capacity of the cluster, and check storage and versions on each node.

    Ray must be up.

    Raises:
        InputError: the cluster or some of its nodes cannot run the sweep; with the amounts, or the nodes' names.
    """
    capacity = cluster_capacity()
    check_request(sweep, capacity)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) + capacity.max_workers > 1:
        _check_folder(objects, capacity, len(nodes))
    if len(nodes) > 1:
        _check_nodes(nodes, objects)


def check_request(sweep: Sweep, capacity: Capacity) -> None:
    """Check that a trial of a sweep fits into a cluster.

    Raises:
        InputError: a trial requests more than the capacity; with both amounts.
    """
    workers, rank = sweep.resources.workers, bundles(sweep.resources)[-1]
    max_ranks = capacity.max_ranks(rank)
    if max_ranks >= workers:
        return
    request, available = format_amounts(rank), capacity.describe(list(rank))
    if not max_ranks:
        problem = f"one rank asks for {request}, and no node of this Ray cluster has that: {available}"
    else:
        problem = (
            f"a trial asks for {workers} ranks of {request} at once, and this Ray cluster has room for {max_ranks}: "
            f"{available}; lower workers, cpus or gpus"
        )
    raise sweep.error("resources", problem)


def _check_folder(objects: Objects, capacity: Capacity, nodes: int) -> None:
    """Refuse a store in a folder that the other nodes do not see."""
    if objects.folder is None or (kind := file_system(objects.folder)) not in LOCAL_FILE_SYSTEMS:
        return
    growth = f" and may add {capacity.max_workers} more" if capacity.max_workers else ""
    raise InputError(
        f"storage {objects.folder} lies on a disk of this machine ({kind}), and this Ray cluster has {nodes} "
        f"nodes{growth}, which cannot all write there; give a bucket (s3://, gs://, az://) or a folder of a shared "
        "file system with --storage"
    )


def _check_nodes(nodes: list[Mapping[str, Any]], objects: Objects) -> None:
    """Run a task on each node, which probes the storage and returns the installed versions."""
    tasks = {}
    for node in nodes:
        on_node = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        probe = ray.remote(_probe).options(num_cpus=0, max_retries=0, scheduling_strategy=on_node)
        tasks[probe.remote(objects)] = node_name(node)
    ready, late = ray.wait(list(tasks), num_returns=len(tasks), timeout=START_SECONDS)
    problems = [f"{tasks[task]}: no process started there in {START_SECONDS:g} s" for task in late]
    problems += [f"{tasks[task]}: {problem}" for task in ready if (problem := _problem(task))]
    if problems:
        raise InputError(
            f"{len(problems)} of {len(nodes)} nodes of this Ray cluster cannot work on the sweep:\n"
            + "\n".join(problems)
        )


def _problem(task: "ray.ObjectRef[tuple[Versions, str]]") -> str:
    """Return what keeps the node of a finished task from working on the sweep; "" if nothing does."""
    try:
        node_versions, problem = ray.get(task)
    except ray.exceptions.RayError as error:  # for example, raysc is not installed there
        return str(error).strip().splitlines()[-1]
    if differences := disagreement(versions(), node_versions):
        return f"{differences}; install the same versions everywhere" + (f"; {problem}" if problem else "")
    return problem


def _probe(objects: Objects) -> tuple[Versions, str]:
    """Return the versions on this node, and the error of the storage; "" if it can be written and read."""
    try:
        objects.probe()
    except InputError as error:
        return versions(), str(error).splitlines()[0]
    return versions(), ""


def node_name(node: Mapping[str, Any]) -> str:
    """Return a node's name or address, its host, and the first digits of its id."""
    return f"{node['NodeName']} ({node['NodeManagerHostname']}, {node['NodeID'][:8]})"


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder, or its nearest existing parent; "" if it is unknown."""
    mounted = {Path(partition.mountpoint): partition.fstype for partition in psutil.disk_partitions(all=True)}
    return next((mounted[path] for path in (folder, *folder.parents) if path in mounted), "")
