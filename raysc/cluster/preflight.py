"""Whether a cluster can run what a sweep asks for: a trial that can never start would wait for ever."""

from collections.abc import Mapping
from pathlib import Path

import psutil
import ray

from raysc.cluster.trial import bundles
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
    """Compare one trial's request with all that the cluster has, and the store with its nodes. Ray must be up.

    Raises:
        InputError: with the numbers.
    """
    has = ray.cluster_resources()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if len(nodes) > 1 and objects.folder is not None and (kind := file_system(objects.folder)) in OF_ONE_MACHINE:
        raise InputError(
            f"storage {objects.folder} lies on a disk of this machine ({kind}), and this Ray cluster has {len(nodes)} "
            "nodes, which cannot all write there; give a bucket (s3://, gs://, az://) or a folder of a shared file "
            "system with --storage"
        )
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


def file_system(folder: Path) -> str:
    """The kind of file system that a folder, or the nearest one above it, lies on."""
    mounted = {Path(partition.mountpoint): partition.fstype for partition in psutil.disk_partitions(all=True)}
    return next((mounted[place] for place in (folder, *folder.parents) if place in mounted), "")


def _told(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())
