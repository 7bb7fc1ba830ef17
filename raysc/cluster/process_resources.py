"""What a process that Ray runs may use: as many threads as it asked cores for, a device only if it asked for one."""

import os

from threadpoolctl import threadpool_limits

from raysc.settings import Resources


def use_resources(resources: Resources, trained: bool) -> None:
    """Keep to what a rank has; so that trials side by side do not fight."""
    if not resources.gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves devices visible to whoever asked for none
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"  # and Accelerate takes a Mac's, on which much is not computed
    use_threads(resources.cpus, trained)


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
