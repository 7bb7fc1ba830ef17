"""The processor cores that this process may use."""

import os
from contextlib import suppress
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""File with the quota of a container, "quota period" in microseconds, or "max period" without one."""


def core_count() -> int:
    """Return the number of cores of this machine, or the whole cores of its container's quota, at least 1.

    Ray counts in the same way where cgroups have version 2; it also reads those of version 1, and cpusets.
    """
    cores = os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no container, or one without a quota
        quota, period = map(int, CGROUP_LIMIT.read_text().split())
        cores = min(cores, max(1, quota // period))
    return cores
