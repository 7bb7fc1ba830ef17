"""What a machine has for raysc, and what is to be done where something is amiss: the checks of ``raysc doctor``."""

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
from raysc.cluster.waves import running_ray
from raysc.errors import InputError
from raysc.store.objects import Objects

LEAST_MEMORY = 2 * 2**30
"""Bytes that Ray and one small trial take."""
OBJECT_STORE = 0.3
"""Part of the memory that Ray gives its object store, in shared memory if that is large enough."""
SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what it is.
        told: how it is.
        remedy: what to do, "" if all is well.
        broken: it must be mended; else the remedy is advice.
    """

    about: str
    told: str
    remedy: str = ""
    broken: bool = False


def examine(address: str | None, objects: Objects) -> Iterator[Finding]:
    """Look at everything, quick things first.

    Args:
        address: of a Ray cluster that this machine can connect to; None: Ray is started here.
        objects: the store.
    """
    yield Finding("Python", platform.python_version())
    yield from packages(requires("raysc") or [])
    yield from hardware()
    yield gpus()
    yield storage(objects)
    yield inception()
    yield ray_answers(address)


def packages(wanted: list[str]) -> Iterator[Finding]:
    """Each package that is missing or of a version that raysc does not run with; one finding if all are well."""
    fine = []
    for requirement in map(Requirement, wanted):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = ""
        if found and requirement.specifier.contains(found, prereleases=True):
            fine.append(f"{requirement.name} {found}")
        else:
            told = f"{found or 'not installed'}, expected {requirement.specifier}"
            yield Finding(requirement.name, told, f"pip install '{requirement}'", broken=True)
    yield Finding("packages", ", ".join(fine))


def hardware() -> Iterator[Finding]:
    """Cores, memory, shared memory."""
    cores = len(psutil.Process().cpu_affinity() or []) if hasattr(psutil.Process, "cpu_affinity") else 0
    yield Finding("cores", f"{cores or psutil.cpu_count()}")
    memory = psutil.virtual_memory()
    scarce = memory.available < LEAST_MEMORY
    yield Finding(
        "memory",
        f"{_gigabytes(memory.available)} of {_gigabytes(memory.total)} free",
        f"end other programs: Ray and a trial want {_gigabytes(LEAST_MEMORY)}" if scarce else "",
        broken=scarce,
    )
    if SHARED_MEMORY.is_dir():
        size, wanted = shutil.disk_usage(SHARED_MEMORY).free, OBJECT_STORE * memory.total
        small = f"Ray will use the disk instead, which is slow; in Docker: --shm-size={wanted / 2**30:.0f}g"
        yield Finding("shared memory", f"{_gigabytes(size)} free", small if size < wanted else "")


def gpus() -> Finding:
    """Devices that torch can use."""
    import torch

    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    if names:
        return Finding("GPUs", ", ".join(names))
    if shutil.which("nvidia-smi") is None:
        return Finding("GPUs", "none; trials run on cores")
    built = torch.version.cuda
    why = f"torch {torch.__version__} is built {f'for CUDA {built}' if built else 'without CUDA'} and sees none"
    remedy = (
        "see that nvidia-smi works, and that its driver is new enough" if built else "install a CUDA build of torch"
    )
    return Finding("GPUs", why, remedy, broken=True)


def storage(objects: Objects) -> Finding:
    """Whether the store can be written and read; a folder that was not there is not left behind."""
    new = objects.folder is not None and not objects.folder.exists()
    try:
        objects.probe()
    except InputError as error:
        first, _, rest = str(error).partition("\n")
        return Finding("storage", first, rest, broken=True)
    finally:
        if new and objects.folder is not None and objects.folder.exists():
            shutil.rmtree(objects.folder)
    return Finding("storage", f"{objects.uri} can be written and read")


def inception() -> Finding:
    """The weights of the network behind the usual Fréchet distance of natural images."""
    from raysc.metrics.core.inception import weights_file, weights_place

    try:
        place = weights_place()
        if place.exists():
            return Finding("Inception weights", str(weights_file()))
    except InputError as error:
        return Finding("Inception weights", str(error), "see RAYSC_INCEPTION, and that file", broken=True)
    return Finding(
        "Inception weights", f"not there; scores that use Inception features download {place}, or look for it"
    )


def ray_answers(address: str | None) -> Finding:
    """Start Ray, or connect to a cluster, and run a task; of a cluster behind a tunnel, ask its job server."""
    if address is not None and "://" in address:
        try:
            connect(address)
        except InputError as error:
            told, _, remedy = str(error).partition("\n")
            return Finding("Ray", told, remedy or "see whether the cluster is up", broken=True)
        return Finding("Ray", f"the job server at {address} answers")
    try:
        with running_ray(address):
            ray.get(ray.remote(_nothing).options(num_cpus=0).remote(), timeout=60)
            nodes = [node for node in ray.nodes() if node["Alive"]]
            cores, devices = (ray.cluster_resources().get(name, 0.0) for name in ("CPU", "GPU"))
    except (InputError, ray.exceptions.RayError, RuntimeError, OSError, ValueError) as error:
        told = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = "see whether the cluster is up, the address right and RAY_AUTH_MODE set" if address else "see its logs"
        return Finding("Ray", told, remedy, broken=True)
    return Finding("Ray", f"ran a task; {len(nodes)} nodes, {cores:g} CPU, {devices:g} GPU")


def _nothing() -> None: ...


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"
