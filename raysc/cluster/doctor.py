"""Checks of a machine, each with a remedy for what is missing or broken: ``raysc doctor``."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
import ray
from packaging.requirements import Requirement

from raysc.cluster.jobs import connect
from raysc.cluster.local_ray import ray_folder, token_for_local_ray
from raysc.cluster.session import running_ray
from raysc.datasets.local_files import cache_folder
from raysc.errors import InputError, RayscError
from raysc.machine.paths import is_existing
from raysc.store.objects import Objects
from raysc.store.storage_check import ATTEMPTS, PROMPTNESS_ATTEMPTS, promptness, race

MIN_MEMORY = 2 * 2**30
"""Bytes that Ray and one small trial take."""

OBJECT_STORE_SHARE = 0.3
"""Share of the memory that Ray gives to its object store, in shared memory if that is large enough."""

MAX_CLOCK_DIFFERENCE = 600.0
"""Seconds by which the clocks of storage and machine may differ; the age of files is judged in hours."""

SHARED_MEMORY = Path("/dev/shm")
"""Folder of the shared memory on Linux."""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: the subject of the check.
        state: its state, in words.
        remedy: the action that mends or improves it; "" if there is nothing to do.
        broken: True if raysc does not work without the remedy; else the remedy is advice.
    """

    subject: str
    state: str
    remedy: str = ""
    broken: bool = False


def examine(address: str | None, objects: Objects, race_storage: bool = False) -> Iterator[Finding]:
    """Run all checks, fast ones first.

    Args:
        address: address of a Ray cluster; None: Ray is started on this machine.
        objects: the store.
        race_storage: test the promises that a store needs of its storage, which takes some thousand requests.
    """
    yield Finding("Python", platform.python_version())
    yield from packages(requires("raysc") or [])
    yield from hardware()
    yield gpus()
    is_new = objects.folder is not None and not objects.folder.exists()
    stored = storage(objects)
    yield stored
    if race_storage and not stored.broken:
        yield from storage_promises(objects)
        if is_new and objects.folder is not None:
            shutil.rmtree(objects.folder, ignore_errors=True)
    yield inception()
    yield temporary_folder()
    yield home_folder()
    yield ray_answers(address)


def packages(requirements: list[str]) -> Iterator[Finding]:
    """Check each requirement of raysc: one finding for each that is not met, then one for all others.

    Args:
        requirements: as in a package's metadata: "numpy>=1".
    """
    satisfied = []
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = ""
        if installed and requirement.specifier.contains(installed, prereleases=True):
            satisfied.append(f"{requirement.name} {installed}")
        else:
            state = f"{installed or 'not installed'}, expected {requirement.specifier}"
            yield Finding(requirement.name, state, f"pip install '{requirement}'", broken=True)
    yield Finding("packages", ", ".join(satisfied))


def hardware() -> Iterator[Finding]:
    """Check cores, memory and shared memory."""
    cores = len(psutil.Process().cpu_affinity() or []) if hasattr(psutil.Process, "cpu_affinity") else 0
    yield Finding("cores", f"{cores or psutil.cpu_count()}")
    memory = psutil.virtual_memory()
    is_scarce = memory.available < MIN_MEMORY
    yield Finding(
        "memory",
        f"{_gigabytes(memory.available)} of {_gigabytes(memory.total)} free",
        f"end other programs: Ray and a trial need {_gigabytes(MIN_MEMORY)}" if is_scarce else "",
        broken=is_scarce,
    )
    if SHARED_MEMORY.is_dir():
        free, required = shutil.disk_usage(SHARED_MEMORY).free, OBJECT_STORE_SHARE * memory.total
        remedy = f"Ray will use the disk instead, which is slow; in Docker: --shm-size={required / 2**30:.0f}g"
        yield Finding("shared memory", f"{_gigabytes(free)} free", remedy if free < required else "")


def gpus() -> Finding:
    """Check that torch can use the devices of this machine."""
    import torch

    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    if names:
        return Finding("GPUs", ", ".join(names))
    if shutil.which("nvidia-smi") is None:
        return Finding("GPUs", "none; trials run on cores")
    cuda = torch.version.cuda
    state = f"torch {torch.__version__} is built {f'for CUDA {cuda}' if cuda else 'without CUDA'} and sees none"
    remedy = (
        "check that nvidia-smi works, and that its driver is new enough" if cuda else "install a CUDA build of torch"
    )
    return Finding("GPUs", state, remedy, broken=True)


def storage(objects: Objects) -> Finding:
    """Check that the store can be written and read; a folder that did not exist before is removed again."""
    is_new = objects.folder is not None and not objects.folder.exists()
    try:
        objects.probe()
    except InputError as error:
        first, _, rest = str(error).partition("\n")
        return Finding("storage", first, rest, broken=True)
    finally:
        if is_new and objects.folder is not None and objects.folder.exists():
            shutil.rmtree(objects.folder)
    return Finding("storage", f"{objects.uri} can be written and read")


def storage_promises(objects: Objects) -> Iterator[Finding]:
    """Race two writers, list objects right after requests, and compare the storage's clock with this machine's."""
    try:
        raced = race(objects)
        yield Finding(
            "storage, two writers",
            f"{ATTEMPTS} objects created if absent: {raced}",
            "" if raced.is_exact else "use another storage: it does not create objects atomically; see docs/stores.md",
            broken=not raced.is_exact,
        )
        prompt = promptness(objects)
    except RayscError as error:
        yield Finding("storage, two writers", str(error), "see docs/stores.md", broken=True)
        return
    is_late = bool(prompt.unlisted or prompt.undeleted)
    yield Finding(
        "storage, listing",
        f"{prompt.unlisted} of {PROMPTNESS_ATTEMPTS} objects missing right after they were written, {prompt.undeleted} "
        "listed after they were deleted",
        "work may be done twice, since listings are late; switch off caches of the file system" if is_late else "",
    )
    yield Finding(
        "storage, deleting",
        prompt.absent_refused or "an absent object is ignored",
        "raysc deletes objects that may be absent; use another storage" if prompt.absent_refused else "",
        broken=bool(prompt.absent_refused),
    )
    differs = abs(prompt.clock_difference) > MAX_CLOCK_DIFFERENCE
    yield Finding(
        "storage, clock",
        f"{prompt.clock_difference:+.1f} s beside the clock of this machine",
        "synchronise the clocks: raysc gc judges the age of files by them" if differs else "",
    )


def temporary_folder() -> Finding:
    """Check the folder for the sockets of a Ray on this machine."""
    try:
        folder = ray_folder()
    except InputError as error:
        problem, _, remedy = str(error).partition("; ")
        return Finding("temporary folder", problem, remedy, broken=True)
    remedy = f"{folder.problem}; set RAY_TMPDIR to choose another folder" if folder.problem else ""
    return Finding("temporary folder", f"Ray on this machine uses {folder.path}", remedy)


def home_folder() -> Finding:
    """Check the folders below the home folder: for Ray's token and for caches."""
    problems = []
    if token_for_local_ray() is not None:
        problems.append("Ray's token cannot be kept in ~/.ray; a Ray on this machine gets one for each command")
    folder = cache_folder()
    existing = next(parent for parent in (folder, *folder.parents) if is_existing(parent))
    if not os.access(existing, os.W_OK | os.X_OK):
        problems.append(f"the cache folder {folder} cannot be written")
    return Finding(
        "home",
        "; ".join(problems) or "~/.ray and the cache folder can be used",
        "set HOME, or RAY_AUTH_TOKEN_PATH and RAYSC_CACHE" if problems else "",
    )


def inception() -> Finding:
    """Check the weights of the network behind the usual Fréchet distance of natural images."""
    from raysc.metrics.core.inception import fetch_weights, weights_path

    try:
        path = weights_path()
        if path.exists():
            return Finding("Inception weights", str(fetch_weights()))
    except (InputError, OSError) as error:
        return Finding("Inception weights", str(error), "check RAYSC_INCEPTION, and that file", broken=True)
    return Finding("Inception weights", f"missing; metrics with Inception features read {path}, and download it")


def ray_answers(address: str | None) -> Finding:
    """Start Ray, or connect to a cluster, and run a task; of a cluster behind a tunnel, check its job server."""
    if address is not None and "://" in address:
        try:
            connect(address)
        except InputError as error:
            problem, _, remedy = str(error).partition("\n")
            return Finding("Ray", problem, remedy or "check that the cluster is up", broken=True)
        return Finding("Ray", f"the job server at {address} answers")
    try:
        with running_ray(address):
            ray.get(ray.remote(_no_operation).options(num_cpus=0).remote(), timeout=60)
            nodes = [node for node in ray.nodes() if node["Alive"]]
            cores, devices = (ray.cluster_resources().get(name, 0.0) for name in ("CPU", "GPU"))
    except (RayscError, ray.exceptions.RayError, RuntimeError, OSError, ValueError) as error:
        problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = (
            "check that the cluster is up, the address is right and RAY_AUTH_MODE is set"
            if address
            else "see Ray's logs"
        )
        return Finding("Ray", problem, remedy, broken=True)
    return Finding("Ray", f"ran a task; {len(nodes)} nodes, {cores:g} CPU, {devices:g} GPU")


def _no_operation() -> None: ...


def _gigabytes(count: float) -> str:
    """Format a number of bytes as 1.5 GiB."""
    return f"{count / 2**30:.1f} GiB"
