"""Threads of a process that Ray runs: as many as it asked cores for, so that trials side by side do not fight."""

import os

from threadpoolctl import threadpool_limits


def use_threads(cpus: float, trained: bool) -> None:
    """Limit BLAS, OpenMP and torch; results on a CPU are the same to the last bit for the same number.

    Args:
        cpus: cores; less than one counts as one.
        trained: whether torch is used, which is slow to import.
    """
    threads = max(1, int(cpus))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)
    if trained:
        import torch

        torch.set_num_threads(threads)
