"""Threads of a process that Ray runs: as many as it asked cores for, so that trials side by side do not fight."""

import os

from threadpoolctl import threadpool_limits


def use_threads(cpus: float) -> None:
    """Limit BLAS, OpenMP and torch; results on a CPU are the same to the last bit for the same number."""
    import torch

    threads = max(1, int(cpus))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    threadpool_limits(threads)
    torch.set_num_threads(threads)
