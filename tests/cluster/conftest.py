import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_server import S3, serving

os.environ["RAY_AUTH_MODE"] = "disabled"


LONGEST = (
    *("exactly_once", "sweeps", "faults", "two_calls", "autoscaling", "node_loss", "full_disk", "threshold_search"),
    *("wheel", "reference_features", "preflight", "crew", "stopping", "job_server", "notebook"),
)
"""Files of a minute and more, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and begin with its longest files, so that no process ends with one of them.

    pytest gives all collected tests.
    """
    order = {Path(__file__).with_name(f"test_{name}.py"): rank for rank, name in enumerate(LONGEST)}
    assert all(path.exists() for path in order), "a file of LONGEST has another name now"
    items.sort(key=lambda item: order.get(item.path, len(order)))
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ray)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server on loopback for this process and every process that it starts."""
    with serving() as server, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def running_ray(s3: S3) -> Iterator[None]:
    """One Ray for all tests, in a private folder; only its own processes are ended.

    It has one core: the trials of a wave run in turn in one process, which imports torch once. Each of two ranks asks
    for half a core.
    """
    import ray

    from raysc.cluster import ray_compat
    from raysc.cluster.session import START_ATTEMPTS

    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    ray_compat.start_ray(
        START_ATTEMPTS,
        address="local",
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _temp_dir=folder,
        object_store_memory=200 * 2**20,
    )
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
