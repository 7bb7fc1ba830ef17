import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

os.environ["RAY_AUTH_MODE"] = "disabled"


@pytest.fixture(scope="session")
def running_ray() -> Iterator[None]:
    """One Ray for the whole session of tests, in a private folder; only our own processes are ended."""
    import ray

    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    ray.init(
        address="local",
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _temp_dir=folder,
        object_store_memory=200 * 2**20,
    )
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
