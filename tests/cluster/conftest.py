import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_server import S3, serving

os.environ["RAY_AUTH_MODE"] = "disabled"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; pytest gives all collected ones."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ray)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server on loopback for this process and every process that it starts."""
    with serving() as server:
        os.environ.update(server.environment)
        yield server


@pytest.fixture(scope="session")
def running_ray(s3: S3) -> Iterator[None]:
    """One Ray for all tests, in a private folder; only its own processes are ended."""
    import ray

    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    ray.init(
        address="local",
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _temp_dir=folder,
        object_store_memory=200 * 2**20,
    )
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
