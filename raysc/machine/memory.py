"""The memory that this process may use."""

import resource
from contextlib import suppress
from pathlib import Path

import psutil

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""File with the memory limit of a container, in bytes or ``max``."""


def memory_limit() -> int:
    """Return the bytes of memory that this process may use: of the machine, its container and ``ulimit -v``."""
    limits = [psutil.virtual_memory().total]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space)
    with suppress(OSError, ValueError):  # no container, or one without a limit
        limits.append(int(CGROUP_LIMIT.read_text()))
    return min(limits)
