"""Resources of a process that Ray runs: one thread for each requested core, a device only if one was requested."""

import os

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
