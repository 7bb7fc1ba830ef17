"""Resources of a process that Ray runs: one thread for each requested core, a device only if one was requested."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from raysc.settings import Resources


def use_resources(resources: Resources, trained: bool) -> None:
    """Limit this process to the resources of a rank, so that parallel trials do not compete for cores."""
    if not resources.gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves devices visible to processes that requested none
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"  # else Accelerate uses a Mac's device, which lacks operations
    use_threads(resources.cpus, trained)


def use_threads(cpus: float, trained: bool) -> None:
    """Limit the threads of BLAS, OpenMP and torch; on a CPU, results are bit-identical for equal numbers of threads.

    Args:
        cpus: number of cores; less than one counts as one.
        trained: True if torch is used, which is slow to import.
    """
    threads = max(1, int(cpus))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)
    if trained:
        import torch

        torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread in a block of small work outside trials, for BLAS, OpenMP and torch.

    Threads of small work wait for each other longer than they compute, many times longer where other processes use the
    cores.
    """
    torch = sys.modules.get("torch")  # a process that has not imported it does not compute with it
    threads = torch.get_num_threads() if torch is not None else 1
    with threadpool_limits(1):
        if torch is not None:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(threads)
